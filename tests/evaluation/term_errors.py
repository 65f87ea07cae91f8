"""Count technical terms that a recognizer gets wrong, with and without the interview's vocabulary.

    python -m tests.evaluation.term_errors [--phone] [--noise]

The bundled interview is decoded turn by turn; what is counted is each mention of a term in the
reference that is missing in the text as it would be read.
"""

import argparse
import json
import os
import re
from pathlib import Path

import numpy as np

os.environ.setdefault("OMP_NUM_THREADS", "1")

from transcription import glossary, model_store
from transcription.audio import decode_file
from transcription.engines.whisper_model import WhisperModel
from transcription.terms import Normaliser

ROOT = Path(__file__).resolve().parents[2]
RATE = 16_000
TERMS = (
    "AWS EC2 S3 Lambda CloudFormation Docker Ansible API Django PostgreSQL Redis database replica"
).split()
PROFILE = (
    "Backend engineer. Worked with AWS (EC2, S3, Lambda) and wrote CloudFormation templates. "
    "Ran servers with Docker and Ansible. Built a Django API on PostgreSQL and Redis."
)


def count(text: str, term: str) -> int:
    return len(re.findall(rf"(?<![\w]){re.escape(term)}(?![\w])", text, re.IGNORECASE))


def missing(reference: str, heard: str) -> int:
    """Return how many mentions of a term are not in the text."""
    return sum(max(0, count(reference, term) - count(heard, term)) for term in TERMS)


def mentions(reference: str) -> int:
    return sum(count(reference, term) for term in TERMS)


def phone_band(wave: np.ndarray) -> np.ndarray:
    """Keep 300 to 3400 Hz."""
    spectrum = np.fft.rfft(wave)
    hertz = np.fft.rfftfreq(len(wave), 1 / RATE)
    spectrum[(hertz < 300) | (hertz > 3400)] = 0
    return np.fft.irfft(spectrum, len(wave))


def with_noise(wave: np.ndarray, snr_db: float = 10.0) -> np.ndarray:
    """Add white noise at a distance to the speech."""
    power = np.mean(wave**2) / 10 ** (snr_db / 10)
    return wave + np.random.default_rng(3).normal(0, np.sqrt(power), len(wave))


def errors(model: WhisperModel, turns: list, audio: dict, vocabulary: list[str]) -> int:
    """Return the term errors of the interview; `audio` maps a role to its samples."""
    prompt = model.prompt(vocabulary)
    read = Normaliser(vocabulary, "en")
    lost = 0
    for turn in turns:
        first, last = (round(turn[edge] * RATE) for edge in ("start", "end"))
        wave = audio[turn["speaker"]][max(0, first - RATE // 5) : last + RATE // 4]
        pcm = np.clip(wave, -32_768, 32_767).astype("<i2").tobytes()
        found = model.transcribe(pcm, prompt=prompt)
        text = read(found.text, found.words)[0] if found else ""
        lost += missing(turn["text"], text)
    return lost


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--phone", action="store_true")
    parser.add_argument("--noise", action="store_true")
    options = parser.parse_args()
    models = Path(os.environ.get("INTERVIEW_MODELS_DIR", "~/.cache/interview-copilot/models"))
    model = WhisperModel(model_store.model_path("en", "whisper", models.expanduser()))
    turns = json.loads((ROOT / "tests/data/interview.json").read_text())
    blocks = list(decode_file(ROOT / "static/sample/interview_stereo.flac"))
    audio = {
        role: np.frombuffer(b"".join(block[channel] for block in blocks), "<i2").astype(float)
        for channel, role in enumerate(("interviewer", "candidate"))
    }
    if options.phone:
        audio = {role: phone_band(wave) for role, wave in audio.items()}
    if options.noise:
        audio = {role: with_noise(wave) for role, wave in audio.items()}
    total = sum(mentions(turn["text"]) for turn in turns)
    vocabulary = glossary.terms("Backend engineer", PROFILE)
    print(f"mentions of terms        {total}")
    print(f"lost without vocabulary  {errors(model, turns, audio, [])}")
    print(f"lost with vocabulary     {errors(model, turns, audio, vocabulary)}  ({vocabulary})")


if __name__ == "__main__":
    main()
