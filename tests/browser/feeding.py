"""A page on which things happen: events of an interview are put into its live socket one by one."""

import json
import uuid
from collections.abc import Iterator
from typing import Any

from playwright.sync_api import CDPSession, Page, WebSocketRoute

from tests import product

MAKE = """
import json
from accounts.models import User
from accounts.queries import active_membership
from sessions import access, services
from tests.long_interviews import make_long
ines = User.objects.get(email="ines@northwind.example")
organization = active_membership(ines).organization
organization.sentiment_enabled = True
organization.save()
session = services.create_session(owner=ines, organization=organization, title="Long", job="SRE")
access.share(session=session, colleague=User.objects.get(email="sam@northwind.example"))
session = make_long(session, **json.loads('{sizes}'))
print(json.dumps([str(session.pk), session.revision, session.segments.count()]))
"""
SHORT = {"segments": 30, "insights": 6, "claims": 2, "tones": 10, "notes": 1}
LONG = {"segments": 3_000, "insights": 600, "claims": 200, "tones": 1_000, "notes": 60}
COSTS = ("ScriptDuration", "LayoutDuration", "RecalcStyleDuration")
PAINTED = "() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))"
OPENED = """
const watch = new MutationObserver(() => {
  if (!document.querySelector("#lines li")) return;
  watch.disconnect();
  window.hiddenCards = document.querySelectorAll("[role=tabpanel][hidden] .card").length;
  requestAnimationFrame(() => setTimeout(() => (window.openedAfter = performance.now())));
});
watch.observe(document, { childList: true, subtree: true });
"""


def make(env: dict[str, str], **sizes: Any) -> tuple[str, int, int]:
    """Hold an interview of these sizes in a served product: its id, revision and lines."""
    code = MAKE.replace("{sizes}", json.dumps(sizes))
    session, revision, lines = json.loads(product.run(code, env=env).splitlines()[-1])
    return session, revision, lines


class Fed:
    """One open page, whose socket says what it is told beside what the server says."""

    def __init__(self, page: Page, session: str, revision: int, lines: int) -> None:
        self.page = page
        self._session = session
        self._revision = revision
        self._line = lines
        self._socket: WebSocketRoute | None = None
        page.route_web_socket(f"**/ws/sessions/{session}/live/", self._route)
        page.goto(f"/sessions/{session}/")
        page.wait_for_function(f"() => document.querySelectorAll('#lines li').length >= {lines}")
        self.cdp: CDPSession = page.context.new_cdp_session(page)
        self.cdp.send("Performance.enable")

    def _route(self, socket: WebSocketRoute) -> None:
        socket.connect_to_server()
        self._socket = socket

    def feed(self) -> float:
        """Let two lines be said, with all that belongs to them; return the seconds it took."""
        before = self._spent()
        assert self._socket is not None
        for event in self._answer():
            self._socket.send(json.dumps(event))
            self.page.evaluate(PAINTED)
        return self._spent() - before

    def _spent(self) -> float:
        metrics = self.cdp.send("Performance.getMetrics")["metrics"]
        return float(sum(m["value"] for m in metrics if m["name"] in COSTS))

    def _answer(self) -> Iterator[dict[str, Any]]:
        for role in ("interviewer", "candidate"):
            start = self._line * 2_400
            self._line += 1
            spoken = {"role": role, "start_ms": start, "end_ms": start + 2_200}
            for text in ("so tell me", "so tell me what you measured there"):
                yield self._event("partial", **spoken, text=text)
            line = str(uuid.uuid4())
            segment = {
                **spoken,
                "id": line,
                "speaker": role,
                "text": f"So tell me what you measured there and what came of it {self._line}.",
                "words": [],
                "hidden": False,
            }
            yield self._stored("segment", segment=segment)
        about = {
            "segments": [line],
            "quote": segment["text"],
            "source": "rules",
            "state": "complete",
        }
        card = {
            **about,
            **{"id": str(uuid.uuid4()), "kind": "question", "tab": "questions", "icon": "question"},
            **{"colour": "blue", "title": "Suggested Question", "content": f"Why? {self._line}"},
            **{"other_quote": "", "reason": "No reason was given.", "verdict": "", "feedback": ""},
            **{"competency": "", "priority": "medium", "asked_in": None, "stale": False},
            "at": "2026-01-01T10:00:00+00:00",
        }
        yield self._stored("insight", insight=card)
        yield self._stored("insight_changed", insight={**card, "content": f"Why so? {self._line}"})
        claim = {
            **{"id": str(uuid.uuid4()), "segment": line, "kind": "number", "statement": "A third"},
            **{"quote": segment["text"], "verdict": "unverifiable", "against": "", "reason": ""},
            **{"other_quote": "", "other_segment": None, "source": "rules", "stale": False},
        }
        yield self._stored("claim", claim=claim)
        tone = {"id": str(uuid.uuid4()), "segment": line, "at_ms": start + 2_200}
        read = {"overall": "positive", "confidence": 0.7, "indicators": ["clear"]}
        yield self._stored("tone", tone=tone | read)
        yield self._event("latency", word_ms=300, final_ms=700)

    def _stored(self, kind: str, **body: dict[str, Any]) -> dict[str, Any]:
        self._revision += 1
        for thing in body.values():
            thing["revision"] = self._revision
        return self._event(kind, revision=self._revision, **body)

    def _event(self, kind: str, **body: Any) -> dict[str, Any]:
        at = "2026-01-01T10:00:00+00:00"
        return {
            "v": 1,
            "id": uuid.uuid4().hex,
            "session": self._session,
            "at": at,
            "type": kind,
            **body,
        }
