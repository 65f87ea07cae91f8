"""How good analysis and redaction are, against labelled words: `make evaluate`.

    python -m tests.evaluation                   all; fails where the rules miss a floor
    python -m tests.evaluation --held-out        only what nobody tuned on
    python -m tests.evaluation --only NAME       one interview, without the floors
    python -m tests.evaluation --show "skills"   what was missed and what was wrong
    python -m tests.evaluation --redaction       what is redacted, and nothing else

With INTERVIEW_LLM_BASE_URL (and _API_KEY, _MODEL) in the environment that model is measured, too.
"""

import argparse
import os
import sys
from collections.abc import Iterable, Sequence

from insights.analyzers.base import Analyzer
from insights.analyzers.rules import RuleAnalyzer
from tests.evaluation.material import SPLITS, interviews
from tests.evaluation.redaction import measure as redaction
from tests.evaluation.replay import Outcome, replay
from tests.evaluation.scoring import Floor, Score
from tests.evaluation.tasks import FLOORS, PER_INTERVIEW, PER_TEXT
from transcription.redaction import Redactor


def measure(
    analyzer: Analyzer, splits: Iterable[str], *, only: str = "", rules: bool = True
) -> dict[str, Score]:
    """Return the score of every task that this analyzer has a part in, over the given splits."""
    splits = tuple(splits)
    chosen = [i for split in splits for i in interviews(split) if only in ("", i.name)]
    outcomes = [(i, replay(i, analyzer, ledger=rules)) for i in chosen]
    scores = {
        name: sum((task(i, outcome) for i, outcome in outcomes), Score())
        for name, task in PER_INTERVIEW.items()
    }
    if not rules:
        _tell_costs([outcome for _, outcome in outcomes])
    elif not only:
        scores |= {
            name: sum((task(split) for split in splits), Score()) for name, task in PER_TEXT.items()
        }
    return scores


def table(
    title: str, scores: dict[str, Score], *, floors: bool, of: dict[str, Floor] = FLOORS
) -> bool:
    """Print one line per task; return whether every floor is held."""
    print(f"\n{title}\n{'task':<26} {'P':>6} {'R':>6} {'F1':>6} {'n':>5}  floor")
    held = True
    for name, score in scores.items():
        floor = of.get(name, Floor()) if floors else Floor()
        missed = floor.missed(score)
        held = held and not missed
        mark = f"MISSED ({', '.join(missed)})" if missed else ""
        figures = " ".join(_share(x) for x in (score.precision, score.recall, score.f1))
        size = score.labels or score.predictions
        print(f"{name:<26} {figures} {size:>5}  {floor!s:<18} {mark}".rstrip())
    return held


def redacted(splits: tuple[str, ...], show: str | None) -> bool:
    """Print a table of redaction per half and one of both; tell whether every floor is held."""
    redactor = Redactor()
    held = True
    parts = [(split,) for split in splits]
    for part in [*parts, splits] if len(splits) > 1 else parts:
        rows = redaction.measure(redactor, part).rows(whole=len(part) > 1)
        scores = {name: score for name, (score, _) in rows.items()}
        floors = {name: floor for name, (_, floor) in rows.items()}
        title = f"Redaction, on {' and '.join(part)}"
        held = table(title, scores, floors=True, of=floors) and held
        if len(part) == 1:
            _show(scores, show)
    return held


def _share(value: float | None) -> str:
    return f"{value:6.3f}" if value is not None else f"{'–':>6}"


def _tell_costs(outcomes: Sequence[Outcome]) -> None:
    sent = sum(outcome.tokens[0] for outcome in outcomes)
    received = sum(outcome.tokens[1] for outcome in outcomes)
    failures = [code for outcome in outcomes for code in outcome.failures]
    runs = sum(len(outcome.total_ms) for outcome in outcomes) + len(failures)
    together = Outcome(
        first_ms=[ms for outcome in outcomes for ms in outcome.first_ms],
        total_ms=[ms for outcome in outcomes for ms in outcome.total_ms],
    )
    print(
        f"\n{runs} runs, {len(failures)} failed ({', '.join(sorted(set(failures))) or '–'}); "
        f"tokens {sent} in, {received} out; median time to the first item "
        f"{together.median('first_ms'):.0f} ms, to the whole answer "
        f"{together.median('total_ms'):.0f} ms"
    )


def _configured_llm() -> Analyzer | None:
    base_url = os.environ.get("INTERVIEW_LLM_BASE_URL", "")
    api_key = os.environ.get("INTERVIEW_LLM_API_KEY", "")
    if not base_url and not api_key:
        return None
    from insights.analyzers.llm import LlmAnalyzer, LlmConfig  # takes a second to import

    model = os.environ.get("INTERVIEW_LLM_MODEL", LlmConfig.model)
    timeout = float(os.environ.get("INTERVIEW_LLM_TOTAL_TIMEOUT", "120"))
    config = LlmConfig(base_url, model, api_key, timeout_s=timeout, total_s=timeout)
    return LlmAnalyzer(config)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make evaluate", description=__doc__.splitlines()[0])
    parser.add_argument("--held-out", action="store_true", help="only what nobody tuned on")
    parser.add_argument("--only", metavar="NAME", default="", help="one interview")
    parser.add_argument("--redaction", action="store_true", help="redaction, and nothing else")
    tasks = [*PER_INTERVIEW, *PER_TEXT, *redaction.KINDS, *redaction.WHOLE]
    parser.add_argument("--show", metavar="TASK", choices=tasks)
    return parser.parse_args(arguments)


def _show(scores: dict[str, Score], task: str | None) -> None:
    if task in scores:
        print("\n" + "\n".join(scores[task].misses))


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    splits = ("heldout",) if options.held_out else SPLITS
    if options.redaction:
        return 0 if redacted(splits, options.show) else 1
    title = f"on {options.only or ' and '.join(splits)}"
    scores = measure(RuleAnalyzer(), splits, only=options.only)
    held = table(f"Rules, {title}", scores, floors=not options.only)
    _show(scores, options.show)
    if not options.only:
        held = redacted(splits, options.show) and held
    llm = _configured_llm()
    if llm:
        judged = measure(llm, splits, only=options.only, rules=False)
        table(f"Model, {title}", judged, floors=False)
        _show(judged, options.show)
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
