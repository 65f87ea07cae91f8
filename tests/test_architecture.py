"""The shape of the project: import contracts, the one door, documented settings."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

NEAR = ("access", "events", "retention", "services")
ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ["copilot", "accounts", "sessions", "transcription", "insights"]
SOURCES = [
    p for name in PACKAGES for p in (ROOT / name).rglob("*.py") if "migrations" not in p.parts
]


def test_import_contracts_hold():
    command = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run([command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("pattern", "allowed"),
    [
        # Sessions are found behind the door; the package itself counts and advances them.
        (
            r"\bSession\.objects",
            [f"sessions/{name}.py" for name in NEAR],
        ),
        # Rights on a session are read and given at the door, which knows when a share ends.
        (r"SessionUserObjectPermission\b", ["sessions/access.py", "sessions/models.py"]),
        (r"\.has_perm\(|get_objects_for_user", []),
        # Audit entries are written by the audit.
        (r"(?<!class )AuditEntry\(|AuditEntry\.objects\.create", ["accounts/audit/__init__.py"]),
        # Live events leave by the megaphone; replay listens to them.
        (r"get_channel_layer", ["copilot/management/commands/replay.py", "sessions/events.py"]),
        # Settings are read once; a subprocess may inherit the rest.
        (r"(?<!\*\*)os\.environ(?!\.setdefault\(.DJANGO_SETTINGS)", []),
        (r"session\.status = ", []),
        (r"^from .* import \*", []),
        (
            r"\.delay\(|\.apply_async\(",
            [
                "copilot/management/commands/reanalyse.py",
                "insights/api/ats.py",
                "insights/api/interviews.py",
                "insights/receivers.py",
                "insights/tasks.py",
                "transcription/api.py",
                "transcription/tasks.py",
            ],
        ),
    ],
)
def test_there_is_one_door(pattern, allowed):
    hits = sorted(
        str(path.relative_to(ROOT))
        for path in SOURCES
        if re.search(pattern, path.read_text(), re.MULTILINE)
    )
    assert hits == allowed


def test_every_environment_name_is_documented():
    names = set(re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', (ROOT / "copilot/settings.py").read_text()))
    documented = set(re.findall(r"^#?\s?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.M))
    assert names
    assert names == documented
    in_docs = (ROOT / "docs/settings.md").read_text()
    assert {name for name in names if f"`{name}`" not in in_docs} == set()


def test_every_requirement_is_pinned_and_has_a_reason():
    lines = [
        line
        for line in (ROOT / "requirements.txt").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    assert lines
    for line in lines:
        assert re.match(r"^[\w.\[\],-]+==\S+\s+# \S+", line), line


def test_every_package_opens_with_its_tour():
    for name in PACKAGES:
        docstring = (ROOT / name / "__init__.py").read_text()
        assert "import" in docstring, name
        assert "ead first" in docstring or "Read `" in docstring, name
