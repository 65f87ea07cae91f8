"""Two hours of interview without the waiting: what a line costs at the beginning and at the end.

Every line is stored, gets its instant cards, and every second one is followed by an analysis by the
rules, as if each answer were one. The lines never repeat and never contradict each other.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from insights import analysis
from sessions.models import Session
from tests.benchmarks.inside import told
from tests.factories import create_organization, go_live, make_session, make_user, say

LINES = 480  # one each 15 s
WINDOW = 40  # ten minutes
TOOLS = ["Python", "Django", "PostgreSQL", "Redis", "Kafka", "Docker", "Terraform", "Ansible"]
AREAS = ["billing", "search", "reporting", "onboarding", "delivery", "support", "pricing"]
ASKED = [
    "How did you decide what to change first in {area} for customer {n}?",
    "What did you measure about {area} at customer {n}?",
    "Who else worked on {area} for customer {n}?",
]
ANSWERED = [
    "For customer {n} I moved {n} {area} reports to a replica with {tool}, because it was slow.",
    "We sort of looked at {area} for customer {n}, and things like that got better somehow.",
    "I led the move of {area} at customer {n} to {tool} and cut the time by {percent} percent.",
    "At customer {n} we had an outage in {area}; I wrote the fix, tested it and told the team.",
]


def line(number: int) -> tuple[str, str]:
    """Return (role, text) of a line."""
    texts = ANSWERED if number % 2 else ASKED
    text = texts[number // 2 % len(texts)].format(
        n=number,
        area=AREAS[number % len(AREAS)],
        tool=TOOLS[number // 2 % len(TOOLS)],
        percent=10 + number % 60,
    )
    return ("candidate" if number % 2 else "interviewer"), text


@contextmanager
def counted_queries() -> Iterator[list[int]]:
    count = [0]

    def one_more(execute, sql, params, many, context):
        count[0] += 1
        return execute(sql, params, many, context)

    with connection.execute_wrapper(one_more):
        yield count


def hold(session: Session, lines: int) -> list[tuple[float, int, int]]:
    """Return CPU seconds, queries and bytes of events of each line."""
    costs = []
    with told() as events, counted_queries() as queries:
        for number in range(lines):
            role, text = line(number)
            cpu, asked, sent = time.process_time(), queries[0], len(events)
            say(session, text, role=role, start=number * 160_000)
            if number % 2:
                analysis.analyze_session(session_id=session.pk)
            size = sum(size for _at, size, _event in events[sent:])
            costs.append((time.process_time() - cpu, queries[0] - asked, size))
    return costs


def measured() -> dict[str, list[float]]:
    """Return the sums over the first and the last ten minutes."""
    here = create_organization(name="Bench", slug="bench")
    olga = make_user(here, "olga")
    hold(go_live(make_session(olga, here)), 10)  # lexicons are loaded
    costs = hold(go_live(make_session(olga, here)), LINES)
    first, last = costs[:WINDOW], costs[-WINDOW:]
    return {
        "first": [sum(column) for column in zip(*first, strict=True)],
        "last": [sum(column) for column in zip(*last, strict=True)],
    }
