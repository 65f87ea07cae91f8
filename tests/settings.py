"""The product's settings with the outside world swapped: data in a temporary folder, no waiting."""

import base64
import os
import tempfile

# Each worker of pytest-xdist has a folder of its own.
_data = tempfile.mkdtemp(prefix="copilot-tests-", dir=os.environ.get("INTERVIEW_DATA_DIR"))
os.environ["INTERVIEW_DATA_DIR"] = _data
os.environ.setdefault("SECRET_KEY", "tests-only-" + "x" * 40)
os.environ.setdefault("INTERVIEW_MASTER_KEYS", f"tests:{base64.b64encode(bytes(32)).decode()}")
for _name in ("DATABASE_URL", "REDIS_URL", "INTERVIEW_LLM_BASE_URL", "INTERVIEW_LLM_API_KEY"):
    # Services are given to the tests under names of their own; the developer's stay untouched.
    os.environ.pop(_name, None)
if url := os.environ.get("TEST_DATABASE_URL"):
    os.environ["DATABASE_URL"] = url

from copilot.settings import *  # noqa: E402, F403  # the environment is set first

INTERVIEW_EMBEDDED = False  # the worker is started by the tests that want one
INTERVIEW_CHECKS_KEYS = False  # what starts within the tests has no database yet
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
INTERVIEW_ANALYSIS_INTERVAL = 0.5
INTERVIEW_LATENCY_INTERVAL = 0.0  # no thread writes beside a test
if not url:
    DATABASES["default"]["TEST"] = {"NAME": f"{_data}/test.sqlite3"}  # noqa: F405  # see above
WHITENOISE_AUTOREFRESH = True  # or each client of a test looks through all files first
INTERVIEW_OUTGOING_ALLOW = ["127.0.0.1"]  # the servers that tests start
INTERVIEW_SCRIPT = str(BASE_DIR / "tests" / "data" / "script.json")  # noqa: F405  # see above
