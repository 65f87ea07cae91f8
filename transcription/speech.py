"""The speech engines of this process, and what they are told about a session."""

import functools
import json
from collections.abc import Callable, Sequence
from pathlib import Path

from django.conf import settings

from copilot.lib.errors import DomainError
from sessions.models import Session
from sessions.queries import plan_of
from transcription import glossary, terms
from transcription.engines import registry
from transcription.engines.base import Engine, EngineError
from transcription.pipeline import Pipeline
from transcription.privacy import redactor, session_redactor


@functools.lru_cache(maxsize=1)
def engine_config() -> registry.EngineConfig:
    return registry.EngineConfig(
        models_dir=settings.INTERVIEW_MODELS_DIR,
        per_language=settings.INTERVIEW_ENGINES,
        whisper_workers=settings.INTERVIEW_WHISPER_WORKERS,
        partial_interval_s=settings.INTERVIEW_PARTIAL_INTERVAL,
        script=_script(),
    )


def _script() -> tuple[tuple[float, str], ...]:
    """Return what the scripted engine says: (end in seconds, line) pairs from a JSON file."""
    if not settings.INTERVIEW_SCRIPT:
        return ()
    script = json.loads(Path(settings.INTERVIEW_SCRIPT).read_text())
    return tuple((float(end), str(line)) for end, line in script)


def choose_engine(language: str) -> registry.Choice:
    """Return the engine for a language and why; raise DomainError where none is installed."""
    try:
        return registry.choose(language, engine_config())
    except EngineError as error:
        raise DomainError("engine_unavailable", str(error), status=503) from None


def engine(language: str) -> Engine:
    """Return the engine for a language; raise DomainError where none is installed."""
    choose_engine(language)
    return registry.engine_for(language, engine_config())


def warm(language: str) -> None:
    """Load what the first stream of a language needs; raise DomainError where it is missing."""
    choose_engine(language)
    registry.engine_for(language, engine_config()).warm()
    redactor().warm()


def builder(
    session: Session, *, offset: int = 0, phrases: Sequence[str] = ()
) -> Callable[[], Pipeline]:
    """Return what makes the pipeline of one of a session's streams, on the thread that calls it.

    `phrases` are expected beside the session's own vocabulary.
    What is read from the database is read here; loading a model waits until the call.
    """
    words = [*phrases, *vocabulary(session)]
    hide = session_redactor(session)
    language = session.language

    def build() -> Pipeline:
        engine = registry.engine_for(language, engine_config())
        recognizer = engine.recognizer(language=language, glossary=words, offset=offset)
        return Pipeline(recognizer, hide, terms.Normaliser(words, language))

    return build


def vocabulary(session: Session) -> list[str]:
    """Return the terms of the interview at hand: of its job, profile and guide."""
    return glossary.terms(session.job, session.profile or "", *_guide_texts(session))


def _guide_texts(session: Session) -> list[str]:
    plan = plan_of(session) or {"competencies": []}
    return [q["text"] for c in plan["competencies"] for q in c["questions"]]
