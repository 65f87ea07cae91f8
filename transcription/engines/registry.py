"""Choose the engine of a language and build it once per process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from transcription import model_store
from transcription.engines.base import Engine, EngineUnavailable, primary_language

AUTO = "auto"
VOSK = "vosk"
WHISPER = "whisper"
TWO_PASS = "two_pass"  # noqa: S105  an engine, no password
SCRIPTED = "scripted"


@dataclass(frozen=True, slots=True)
class EngineConfig:
    """Hold what engines need to know; `per_language` maps primary subtags to engine names."""

    models_dir: Path
    per_language: Mapping[str, str] = field(default_factory=dict)
    default: str = AUTO
    whisper_workers: int = 0  # utterances decoded at the same time; 0: as many as cores
    whisper_threads: int = 1  # per utterance; more make calls wait for each other
    partial_interval_s: float = 0.6  # of Whisper
    vosk_recycle_after_s: float = 600.0  # of audio through one recognizer
    script: tuple[tuple[float, str], ...] = ()  # of the scripted engine: (end second, line)


@dataclass(frozen=True, slots=True)
class Choice:
    """Name the engine and say in a sentence why it was taken."""

    name: str
    reason: str


def choose(language: str, config: EngineConfig) -> Choice:
    """Return the engine for a language; raises EngineUnavailable naming what to install."""
    code = primary_language(language)
    wanted = config.per_language.get(code, config.default)
    if wanted == AUTO:
        return _automatic(code, config)
    if wanted not in BUILDERS:
        names = ", ".join([AUTO, *BUILDERS])
        raise EngineUnavailable(f"There is no speech engine “{wanted}”; choose one of {names}.")
    for needed in NEEDS[wanted]:
        if not _usable(needed, code, config):
            raise EngineUnavailable(
                f"The engine “{wanted}” is set for “{code}”, but its {needed} model is missing; "
                f"get it with `python manage.py download_model {code} --engine {needed}`."
            )
    return Choice(wanted, f"“{wanted}” is set for “{code}”.")


def engine_for(language: str, config: EngineConfig) -> Engine:
    """Return the process's engine for a language, building it at the first call."""
    choice = choose(language, config)
    return BUILDERS[choice.name](primary_language(language), config)


def _automatic(code: str, config: EngineConfig) -> Choice:
    """Take what measured best: two passes for English, else Vosk, else Whisper."""
    vosk, whisper = _usable(VOSK, code, config), _usable(WHISPER, code, config)
    if code == "en" and vosk and whisper:
        return Choice(
            TWO_PASS, "Vosk shows words as they are spoken and Whisper writes the final text."
        )
    if vosk and code != "en":
        return Choice(VOSK, f"A Vosk model for “{code}” is installed; it shows words soonest.")
    if whisper:
        return Choice(WHISPER, f"Whisper is installed and no Vosk model for “{code}” is.")
    if vosk:
        return Choice(VOSK, f"A Vosk model for “{code}” is installed and Whisper is not.")
    hint = WHISPER if model_store.whisper_speaks(code) else VOSK
    raise EngineUnavailable(
        f"No speech model for “{code}” is installed; get one with "
        f"`python manage.py download_model {code} --engine {hint}`."
    )


def _usable(engine: str, code: str, config: EngineConfig) -> bool:
    return model_store.installed(code, engine, config.models_dir)


_lock = threading.RLock()
_built: dict[tuple[object, ...], Engine] = {}


def _once(key: tuple[object, ...], build: Callable[[], Engine]) -> Engine:
    """Build under a lock: two streams that start together must not load a model twice."""
    with _lock:
        if key not in _built:
            _built[key] = build()
        return _built[key]


def _vosk(code: str, config: EngineConfig) -> Engine:
    # Imports here and below: a process pays for the libraries of the engines it uses.
    from transcription.engines.vosk import VoskEngine

    path = model_store.model_path(code, VOSK, config.models_dir)
    return _once(
        (VOSK, path, config.vosk_recycle_after_s),
        lambda: VoskEngine(
            path,
            cache_dir=config.models_dir / "linked",
            recycle_after_s=config.vosk_recycle_after_s,
        ),
    )


def _whisper(code: str, config: EngineConfig) -> Engine:
    from transcription.engines.whisper import WhisperEngine
    from transcription.engines.whisper_model import WhisperModel

    path = model_store.model_path(code, WHISPER, config.models_dir)
    key = (WHISPER, path, config.whisper_workers, config.whisper_threads, config.partial_interval_s)
    return _once(
        key,
        lambda: WhisperEngine(
            WhisperModel(path, workers=config.whisper_workers, threads=config.whisper_threads),
            partial_interval_s=config.partial_interval_s,
        ),
    )


def _two_pass(code: str, config: EngineConfig) -> Engine:
    from transcription.engines.two_pass import TwoPassEngine
    from transcription.engines.whisper import WhisperEngine

    streaming, whisper = _vosk(code, config), _whisper(code, config)
    if not isinstance(whisper, WhisperEngine):
        raise TypeError("The second pass needs Whisper.")
    return _once((TWO_PASS, id(streaming), id(whisper)), lambda: TwoPassEngine(streaming, whisper))


def _scripted(code: str, config: EngineConfig) -> Engine:
    from transcription.engines.scripted import ScriptedEngine

    return _once((SCRIPTED, config.script), lambda: ScriptedEngine(config.script))


BUILDERS: dict[str, Callable[[str, EngineConfig], Engine]] = {
    VOSK: _vosk,
    WHISPER: _whisper,
    TWO_PASS: _two_pass,
    SCRIPTED: _scripted,
}
NEEDS: dict[str, tuple[str, ...]] = {
    VOSK: (VOSK,),
    WHISPER: (WHISPER,),
    TWO_PASS: (VOSK, WHISPER),
    SCRIPTED: (),
}
