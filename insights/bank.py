"""The question bank: what proved useful in an organization comes back for the same skill.

It outlives the interviews it learned from, so only questions are kept that could be put to anybody
(`analyzers.generic`) and in which the redactor finds nothing; others are left out silently.
"""

import hashlib
import hmac
from collections import Counter
from collections.abc import Collection, Iterator

from django.db.models import F, Q, QuerySet

from accounts.models import Organization
from copilot.lib.crypto import derive
from insights.analyzers.generic import LANGUAGE, is_generic
from insights.analyzers.skills import names
from insights.kinds import Kind
from insights.models import BankQuestion, Insight
from transcription.privacy import redactor

_WEIGHED = 30  # rows ranked, and at most opened, for a skill or competency
_COUNTED = {Insight.Feedback.USED.value: "used", Insight.Feedback.WRONG.value: "wrong"}


def learn(insight: Insight, before: str, after: str) -> None:
    """Count a change of feedback on a question; call inside the transaction that stores it.

    What was counted before is taken back; a question with nothing left is forgotten.
    """
    change: Counter[str] = Counter()
    change[_COUNTED.get(before, "")] -= 1
    change[_COUNTED.get(after, "")] += 1
    if insight.kind != Kind.QUESTION or not (change["used"] or change["wrong"]):
        return
    row = _row(insight, counted=change["used"] > 0 or change["wrong"] > 0)
    if row is None:
        return
    row.used = max(0, row.used + change["used"])
    row.wrong = max(0, row.wrong + change["wrong"])
    if row.used or row.wrong:
        row.save(update_fields=["used", "wrong", "updated_at"])
    else:
        row.delete()


def _row(insight: Insight, *, counted: bool) -> BankQuestion | None:
    """Lock and return the row of a question; put one there if it is to be counted and may be kept.

    Equal text, skill and competency are one row.
    """
    session = insight.session
    organization = session.organization
    text = " ".join(insight.content.split())
    skill = next(iter([*names(text), *names(insight.quote)]), "")
    said = "\0".join(("bank", session.language, skill, insight.competency, text.casefold()))
    key = organization.key()
    mark = hmac.digest(derive(key, "bank"), said.encode(), hashlib.sha256)[:16]
    # Rows of before have one made with the key itself.
    before = hmac.digest(key, said.encode(), hashlib.sha256)[:16]
    rows = BankQuestion.objects.select_for_update().filter(organization=organization)
    row = rows.filter(fingerprint__in=[mark, before]).first()
    if row is None and counted and _may_keep(insight, text):
        row, _created = rows.get_or_create(
            fingerprint=mark,
            defaults={
                "organization": organization,
                "language": session.language,
                "text": text,
                "skill": skill,
                "competency": insight.competency,
            },
        )
    return row


def _may_keep(insight: Insight, text: str) -> bool:
    """Tell whether a question holds nothing of its interview; for languages we do not read, no."""
    session = insight.session
    if session.language.split("-")[0] != LANGUAGE:
        return False
    lines = session.segments.filter(pk__in=insight.segments)
    said = " ".join([insight.quote, insight.other_quote or "", *(line.text for line in lines)])
    if not is_generic(text, said):
        return False
    people = [name for name in (session.candidate_name, session.owner.name) if name]
    # With a ledger of its own, and names never left in, whatever the transcripts keep.
    return not redactor().for_session(names=people, language=LANGUAGE).final(text).kinds


def suggest(
    organization: Organization,
    *,
    language: str,
    skills: Collection[str],
    competencies: Collection[str],
    without: Collection[str] = (),
    most: int = 3,
) -> list[BankQuestion]:
    """Return the questions that served best for these skills, then for these competencies.

    None of the texts in `without`, and none that was called wrong as often as it was used.
    """
    rows = BankQuestion.objects.filter(
        organization=organization, language=language, used__gt=F("wrong")
    )
    found: dict[str, BankQuestion] = {}
    for wanted in (Q(skill__in=skills), Q(competency__in=competencies)):
        if len(found) >= most:
            break
        for row in _best(rows.filter(wanted), organization):
            if row.text in without:
                continue
            # What fits a competency may still speak of a tool that nobody named.
            if row.skill in skills or set(names(row.text)) <= set(skills):
                found.setdefault(row.text.casefold(), row)
            if len(found) >= most:
                break
    return list(found.values())


def _best(rows: QuerySet[BankQuestion], organization: Organization) -> Iterator[BankQuestion]:
    """Yield rows, best first; the database ranks coarsely, by figures alone."""
    figures = rows.order_by(F("wrong") - F("used"), "pk").values_list("pk", "used", "wrong")
    ranked = sorted(figures[:_WEIGHED], key=lambda row: -_worth(row[1], row[2]))
    found = BankQuestion.objects.in_bulk([pk for pk, _used, _wrong in ranked])
    for row in filter(None, (found.get(pk) for pk, _used, _wrong in ranked)):
        row.organization = organization  # whose key is at hand
        yield row


def _worth(used: int, wrong: int) -> float:
    """Return Laplace's estimate of the share of uses: of two at 100 %, the one used more often."""
    return (used + 1) / (used + wrong + 2)
