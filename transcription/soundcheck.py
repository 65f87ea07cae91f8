"""The test sentence: a few seconds of sound are recognized at once, answered and forgotten.

Nothing is stored or logged: neither the sound nor what was understood.
"""

import time
from difflib import SequenceMatcher
from typing import Any

from django.utils.translation import gettext as _

from accounts import limits
from accounts.models import Organization, User
from copilot.lib.errors import DomainError
from transcription import streams
from transcription.engines.base import (
    SAMPLE_RATE,
    SAMPLE_WIDTH,
    Engine,
    EngineError,
    Word,
    primary_language,
)
from transcription.speech import choose_engine, engine

MOST_BYTES = 300_000  # more than nine seconds
LEAST_BYTES = SAMPLE_RATE * SAMPLE_WIDTH // 2
PER_MINUTE = 12
LONGEST_S = 60.0  # that one check holds its place, should its process die
BLOCK_BYTES = SAMPLE_RATE * SAMPLE_WIDTH // 10
# Said by everybody at the beginning of an interview, of the length of a breath or two.
SENTENCES = {
    "en": "Thanks for joining us today. Could you tell me about your experience at work?",
    "de": "Danke, dass Sie heute da sind. Können Sie mir von Ihrer Arbeit erzählen?",
    "es": "Gracias por venir hoy. ¿Puede contarme algo sobre su experiencia en el trabajo?",
    "fr": "Merci d'être venu aujourd'hui. Pouvez-vous me parler de votre expérience au travail ?",
    "it": "Grazie di essere venuto oggi. Può parlarmi della sua esperienza di lavoro?",
    "nl": "Fijn dat u er vandaag bent. Kunt u mij iets vertellen over uw ervaring op het werk?",
    "pt": "Obrigado por vir hoje. Pode falar um pouco sobre a sua experiência no trabalho?",
}


def sentence(language: str) -> str:
    """Return what to read aloud; empty where any words will do."""
    return SENTENCES.get(primary_language(language), "")


def check(*, user: User, organization: Organization, language: str, sound: bytes) -> dict[str, Any]:
    """Return what the engine of a language understands of some sound (16 kHz, mono, s16le).

    `sentence` tells of each word of the sentence whether it was heard, `matched` how many of them
    were; None where there is no sentence. One check of a person at a time.
    Raises DomainError: language_off, bad_sound, too_large, busy, engine_unavailable, and TooMany.
    """
    if language not in organization.languages:
        detail = _("Your organization holds no interviews in this language.")
        raise DomainError("language_off", detail, status=400)
    if len(sound) > MOST_BYTES:
        raise DomainError("too_large", _("A test takes at most nine seconds."), status=413)
    if len(sound) < LEAST_BYTES or len(sound) % SAMPLE_WIDTH:
        raise DomainError(
            "bad_sound", _("That was too short. Read the whole sentence."), status=400
        )
    limits.take(f"sound-check.{user.pk}", PER_MINUTE)
    place = limits.Slots(LONGEST_S)
    place.take(f"sound-check.{user.pk}", 1)
    try:
        streams.admit_another()  # interviews under way come first
        choice = choose_engine(language)
        began = time.monotonic()
        words = _recognize(engine(language), language, sound)
        took = time.monotonic() - began
    finally:
        place.release()
    compared = _compared(sentence(language), words)
    return {
        "text": " ".join(word.text for word in words),
        "words": [{"t": word.text, "c": round(word.confidence, 2)} for word in words],
        "sentence": compared,
        "matched": _share(compared),
        "engine": choice.name,
        "reason": choice.reason,
        "took_ms": round(took * 1000),
    }


def _recognize(engine: Engine, language: str, sound: bytes) -> list[Word]:
    try:
        recognizer = engine.recognizer(language=language)
        try:
            heard = [
                hypothesis
                for at in range(0, len(sound), BLOCK_BYTES)
                for hypothesis in recognizer.accept(sound[at : at + BLOCK_BYTES], partials=False)
            ]
            heard += recognizer.flush()
        finally:
            recognizer.close()
    except EngineError as error:
        raise DomainError("engine_unavailable", str(error), status=503) from None
    return [word for hypothesis in heard if hypothesis.final for word in hypothesis.words]


def _compared(expected: str, heard: list[Word]) -> list[dict[str, Any]]:
    """Return the words of the sentence in order, each with whether it was heard."""
    wanted = expected.split()
    matcher = SequenceMatcher(
        None,
        [_plain(word) for word in wanted],
        [_plain(part) for word in heard for part in word.text.split()],
        autojunk=False,
    )
    found = {
        n for block in matcher.get_matching_blocks() for n in range(block.a, block.a + block.size)
    }
    return [{"t": word, "heard": n in found or not _plain(word)} for n, word in enumerate(wanted)]


def _plain(word: str) -> str:
    return "".join(letter for letter in word.casefold() if letter.isalnum())


def _share(compared: list[dict[str, Any]]) -> float | None:
    if not compared:
        return None
    return round(sum(1 for word in compared if word["heard"]) / len(compared), 2)
