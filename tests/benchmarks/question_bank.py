"""How long a suggestion from a bank of ten thousand questions takes."""

import os
import time

from insights import bank
from insights.models import BankQuestion
from tests.factories import create_organization

QUESTIONS = 10_000
ROUNDS = 300
SKILLS = """Python Django PostgreSQL Redis Kafka Docker Kubernetes Terraform Ansible React
Java Go Rust GraphQL MongoDB""".split()
COMPETENCIES = ["Ownership", "Debugging", "Teamwork", "Planning", "Customers"]


def measured() -> list[float]:
    """Return the seconds of each suggestion."""
    here = create_organization(name="Bench", slug="bench")
    rows = []
    for number in range(QUESTIONS):
        row = BankQuestion(organization=here, fingerprint=os.urandom(16))
        row.skill = SKILLS[number % len(SKILLS)] if number % 3 else ""
        row.competency = COMPETENCIES[number % len(COMPETENCIES)] if number % 2 else ""
        about = row.skill or "your last project"
        row.text = f"What did you learn about {about} the hard way, and what came of it {number}?"
        row.used, row.wrong = number % 23, number % 7
        rows.append(row)
    BankQuestion.objects.bulk_create(rows, batch_size=500)
    times = []
    for round_ in range(ROUNDS):
        skills = {SKILLS[round_ % len(SKILLS)], SKILLS[round_ * 7 % len(SKILLS)]}
        competencies = {COMPETENCIES[round_ % len(COMPETENCIES)]}
        began = time.perf_counter()
        found = bank.suggest(here, language="en", skills=skills, competencies=competencies)
        times.append(time.perf_counter() - began)
        assert found, "nothing was suggested"
    return times
