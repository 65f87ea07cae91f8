"""What this machine offers to the tests, and a plain word about what it does not."""

import os
import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from transcription import model_store

CI = os.environ.get("CI", "").lower() in {"1", "true", "yes"}
DATABASE_URL = os.environ.get("TEST_DATABASE_URL") or "postgres://postgres@127.0.0.1:5432/postgres"
REDIS_URL = os.environ.get("TEST_REDIS_URL") or "redis://127.0.0.1:6379/15"

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
if WORKER != "gw0":  # each worker has a database of its own
    REDIS_URL = REDIS_URL.rpartition("/")[0] + f"/{15 - int(WORKER.removeprefix('gw'))}"

left_out: dict[str, str] = {}


def leave_out(what: str, why: str) -> None:
    """Skip the calling test with a reason that the last line repeats; on CI fail instead."""
    if CI:
        pytest.fail(f"{what} may not be left out on CI: {why}")
    left_out[what] = why
    pytest.skip(f"{what}: {why}")


def answers(url: str, default_port: int) -> bool:
    place = urlsplit(url)
    try:
        with socket.create_connection((place.hostname or "", place.port or default_port), 1):
            return True
    except OSError:
        return False


def models_dir() -> Path:
    return Path(
        os.environ.get("INTERVIEW_MODELS_DIR", "~/.cache/interview-copilot/models")
    ).expanduser()


def require_speech() -> None:
    """Leave the calling test out where no real speech model for English is installed."""
    if not model_store.installed("en", "whisper", models_dir()):
        leave_out("speech tests", "no model; run `manage.py download_model en`")


if __name__ == "__main__":  # for deploy/test.sh: print the URL of the Postgres that answers
    if not answers(DATABASE_URL, 5432):
        raise SystemExit(1)
    print(DATABASE_URL)
