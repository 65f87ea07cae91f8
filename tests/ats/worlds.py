"""What the tests of adapters share: a result, a target, an adapter at work with a server."""

from functools import partial
from typing import Any

from copilot.lib import outgoing
from insights.ats import ADAPTERS
from insights.ats.base import Account, Adapter, AtsError, Part, Rating, Result, Target
from tests.ats.servers.ashby import AshbyServer
from tests.ats.servers.base import Imitation
from tests.ats.servers.generic import MAPPING, GenericServer
from tests.ats.servers.greenhouse import GreenhouseServer
from tests.ats.servers.lever import LeverServer
from tests.ats.servers.teamtailor import TeamtailorServer
from tests.ats.servers.workable import WorkableServer

SERVERS: dict[str, type[Imitation]] = {
    server.kind: server
    for server in (
        GreenhouseServer,
        LeverServer,
        AshbyServer,
        WorkableServer,
        TeamtailorServer,
        GenericServer,
    )
}
MARK = "IC-0123456789ab"
RESULT = Result(
    title="Interview: Ada, backend",
    text=(
        "# Interview: Ada, backend\n\nHeld on 1 November.\n\n## Overview\n\n"
        "- She sized **the pool** first.\n- Measured before she changed it \\[12\\]."
    ),
    mark=MARK,
    file_name=f"interview-2026-11-01-{MARK}.pdf",
    file=b"%PDF-1.7 \x00\xff the whole",
    recommendation="yes",
    ratings=(Rating("Databases", 4, "explains trade-offs"), Rating("Leading", None)),
    data={"interview": {"title": "Ada, backend"}, "summary": {"sections": [{"key": "overview"}]}},
)
STORES = {Part.NOTE: "notes", Part.ATTACHMENT: "files", Part.SCORECARD: "feedback"}
PARTS = [
    (kind, part)
    for kind, parts in {
        "greenhouse": (Part.NOTE, Part.ATTACHMENT),
        "lever": tuple(Part),
        "ashby": tuple(Part),
        "workable": tuple(Part),
        "teamtailor": (Part.NOTE,),
        "generic": (Part.NOTE,),
    }.items()
    for part in parts
]


def adapter_for(server: Any, *, seconds: float = 15.0, **changed: Any) -> Adapter:
    """Return an adapter at work with a server, over real HTTP through the guarded client."""
    account = {
        "base_url": server.url,
        "credential": server.credential,
        "options": server.options,
        "mapping": MAPPING if server.kind == "generic" else {},
        **changed,
    }

    def send(method: str, url: str, headers: Any, content: bytes) -> outgoing.Answer:
        ask = partial(outgoing.request, outgoing.Allowed(["127.0.0.1"]), seconds=seconds)
        return ask(method, url, headers=headers, content=content)

    return ADAPTERS[server.kind](Account(**account), send)


def target_of(server: Any) -> Target:
    return Target(server.candidate, server.application)


def deliver(server: Any, part: Part, tries: int = 12) -> str:
    """Send one part as the outbox does: again after what passes, looking first where unsure."""
    unsure = False
    for _try in range(tries):
        adapter = adapter_for(server)
        try:
            found = adapter.existing(part, target_of(server), RESULT) if unsure else None
            return found or adapter.write(part, target_of(server), RESULT)
        except AtsError as error:
            if error.permanent:
                raise
            unsure = unsure or error.unsure
    raise AssertionError("it never worked")
