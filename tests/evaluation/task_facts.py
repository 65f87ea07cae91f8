"""Tasks about facts: skills, claims and their verdicts, and the quotes that bear them out."""

from insights.analyzers.skills import names
from insights.kinds import Kind
from tests.evaluation.material import Interview
from tests.evaluation.replay import Outcome
from tests.evaluation.scoring import Score, overlap, pairs, spoken

NO_CLAIM = "use"  # a kind of statement that only a contradiction makes worth showing

Shown = tuple[str, tuple[str, ...], str]  # quote, ids of its lines, verdict


def skills(interview: Interview, outcome: Outcome) -> Score:
    score = Score()
    wanted, either = set(), set()
    for row in interview.labelled:
        wanted |= row.skills
        either |= row.borderline
    told = [f for f in outcome.findings if f.kind in (Kind.INSIGHT, Kind.HIGHLIGHT)]
    listed = [name for f in told for name in f.data.get("skills", ())]
    # A model writes no list: what its cards name is what it found.
    got = set(listed or [name for f in told for name in names(f.content)])
    score.sets(wanted, got - (either - wanted), interview.name)
    return score


def claims(interview: Interview, outcome: Outcome) -> Score:
    """A claim is found on its line where the quotes share half of the shorter one's words."""
    labels = [
        (row.line.id, claim["quote"])
        for row in interview.labelled
        for claim in row.claims
        if claim["kind"] != NO_CLAIM
    ]
    told: list[Shown] = [
        (s.quote, (s.line_id,), s.verdict) for s in outcome.statements if s.kind != NO_CLAIM
    ]
    return _matched(labels, told or _fact_checks(outcome), interview)


def conflicts(interview: Interview, outcome: Outcome) -> Score:
    return _verdicts(interview, outcome, "conflicts")


def supported(interview: Interview, outcome: Outcome) -> Score:
    return _verdicts(interview, outcome, "supported")


def quotes(interview: Interview, outcome: Outcome) -> Score:
    """Every quote shown stands word for word in the lines it names; a statement's, in the answer.

    A sentence without punctuation may run over several lines, and a statement names one.
    """
    score = Score()
    told = [(f.quote, f.line_ids) for f in outcome.findings]
    for s in outcome.statements:
        answer = next((a.lines for a in interview.answers if s.line_id in a.lines), ())
        told.append((s.quote, tuple(sorted(answer))))
    for quote, line_ids in told:
        text = " ".join(interview.by_id[i].line.text for i in line_ids)
        score.prediction(spoken(quote, text), f"{interview.name} {line_ids[:1]}: “{quote}”")
    everything = [interview.profile, " ".join(line.text for line in interview.lines)]
    others = [f.other_quote for f in outcome.findings]
    others += [s.other_quote for s in outcome.statements]
    for quote in filter(None, others):
        right = any(spoken(quote, text) for text in everything)
        score.prediction(right, f"{interview.name}: “{quote}”")
    return score


def _verdicts(interview: Interview, outcome: Outcome, verdict: str) -> Score:
    labels = [
        (row.line.id, claim["quote"])
        for row in interview.labelled
        for claim in row.claims
        if claim.get("verdict") == verdict
    ]
    told: list[Shown] = [(s.quote, (s.line_id,), s.verdict) for s in outcome.statements]
    told += [
        card
        for card in _fact_checks(outcome)
        if not any(card[2] == t[2] and t[1][0] in card[1] and overlap(card[0], t[0]) for t in told)
    ]
    return _matched(labels, [t for t in told if t[2] == verdict], interview)


def _fact_checks(outcome: Outcome) -> list[Shown]:
    return [(f.quote, f.line_ids, f.verdict) for f in outcome.findings if f.kind is Kind.FACT_CHECK]


def _matched(labels: list[tuple[str, str]], told: list[Shown], interview: Interview) -> Score:
    """Pair labels and statements: a statement is right beside any label, a label needs its own."""
    score = Score()
    fits = [
        [n for n, t in enumerate(told) if line_id in t[1] and overlap(quote, t[0])]
        for line_id, quote in labels
    ]
    paired = set(pairs(fits).values())
    for n, (line_id, quote) in enumerate(labels):
        score.label(n in paired, f"{interview.name} {line_id}: “{quote}”")
    for n, (quote, line_ids, _verdict) in enumerate(told):
        right = any(n in fit for fit in fits)
        score.prediction(right, f"{interview.name} {line_ids[0]}: “{quote}”")
    return score
