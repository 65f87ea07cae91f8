"""What a finished interview costs to take away, and what the API costs: lists, ETags, webhooks."""

import time
from collections.abc import Callable

from tests.benchmarks import inside
from tests.benchmarks.figures import Figure, Report

INTERVIEWS = 1_000
WEBHOOKS = 10
FORMATS = ("pdf", "docx", "json", "bundle")


def median_ms(act: Callable[[], object], times: int) -> float:
    """Return the median milliseconds of an act that was done once before."""
    act()
    taken = []
    for _time in range(times):
        began = time.perf_counter()
        act()
        taken.append((time.perf_counter() - began) * 1000)
    return sorted(taken)[len(taken) // 2]


def measured() -> dict[str, float]:
    """Return milliseconds by what was done."""
    from django.db import transaction
    from django.test import Client

    from accounts import audit
    from accounts.kinds import Event  # only where Django is set up
    from accounts.roles import Role
    from accounts.services import create_organization
    from insights import exports, summaries
    from insights.models import Webhook
    from sessions.models import Session
    from tests.factories import make_session, make_token, make_user
    from tests.long_interviews import make_long

    here = create_organization(name="Bench", slug="bench")
    anna = make_user(here, "anna", Role.ADMIN)
    for number in range(INTERVIEWS):
        make_session(anna, here, title=f"Interview {number}")
    long = make_long(make_session(anna, here), end=True)
    token = make_token(anna, here, "read")
    client = Client(SERVER_NAME="localhost", headers={"Authorization": f"Bearer {token}"})
    found: dict[str, float] = {}

    def read(path: str, **headers: str) -> str:
        answer = client.get(f"/api/v1/{path}", headers=headers)
        assert answer.status_code in (200, 304), answer.content
        return answer.headers.get("ETag", "")

    found["list"] = median_ms(lambda: read("sessions/"), 10)
    found["search"] = median_ms(lambda: read("sessions/?q=Interview 77&ordering=title"), 10)
    began = time.perf_counter()
    assert summaries.make(session_id=long.pk)
    found["summary"] = (time.perf_counter() - began) * 1000
    lines = f"sessions/{long.pk}/transcript/?from=0&most=1000"
    found["lines"] = median_ms(lambda: read(lines), 3)
    tag = read(lines)
    found["lines, 304"] = median_ms(lambda: read(lines, **{"If-None-Match": tag}), 3)
    long.refresh_from_db()
    for kind in FORMATS:
        parts = {"summary", "transcript"}
        choice = exports.Choice(kind=kind, parts=parts, formats={"pdf", "json"}).checked()
        began = time.perf_counter()
        exports.make(session=Session.objects.get(pk=long.pk), by=anna, choice=choice)
        found[kind] = (time.perf_counter() - began) * 1000

    def act() -> None:
        with transaction.atomic():
            audit.record(Event.SESSION_STARTED, organization_id=here.pk, obj=long, details={})
            transaction.set_rollback(True)

    found["act"] = median_ms(act, 50)
    for number in range(WEBHOOKS):
        webhook = Webhook(organization=here, url=f"https://receiver-{number}.invalid/")
        webhook.secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
        webhook.save()
    found["act, told"] = median_ms(act, 50)
    return found


def main() -> Report:
    took = inside.measure("results")
    limits = {
        f"GET sessions/, first page of {INTERVIEWS:,}": ("list", 300),
        f"GET sessions/, searched and sorted, of {INTERVIEWS:,}": ("search", 300),
        "GET transcript/, 1,000 lines": ("lines", 1_000),
        "the same, 304": ("lines, 304", 1_000),
        "summary by rules": ("summary", 5_000),
        "PDF of summary and transcript": ("pdf", 5_000),
        "DOCX": ("docx", 5_000),
        "JSON": ("json", 2_000),
        "signed bundle of PDF and JSON": ("bundle", 8_000),
        "an act in its transaction, nobody listens": ("act", 20),
        f"the same, {WEBHOOKS} webhooks listen": ("act, told", 50),
    }
    return Report(
        "The result travels",
        "Inside one process, SQLite. The interview has 3,000 lines, 600 cards and 200 claims; "
        "acts are rolled back.",
        [
            Figure(name, f"{took[key]:.0f} ms", f"≤ {most} ms", took[key] <= most)
            for name, (key, most) in limits.items()
        ],
    )
