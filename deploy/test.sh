#!/bin/sh
# Everything: lint, types, migrations, import contracts, unit, flow, service and browser tests.
set -eu
cd "$(dirname "$0")/.."
deploy/install.sh dev

# Chromium: the system's, else Playwright's, else the distribution's where we may install it.
if ! command -v chromium >/dev/null 2>&1 && ! command -v google-chrome >/dev/null 2>&1; then
    .venv/bin/playwright install chromium >/dev/null 2>&1 ||
        { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 &&
            echo "Installing Chromium ..." && apt-get -qq update >/dev/null 2>&1 &&
            DEBIAN_FRONTEND=noninteractive apt-get -qq install -y chromium >/dev/null 2>&1; } || true
fi

step() { printf '\n== %s\n' "$*"; }
step lint;       .venv/bin/ruff check . && .venv/bin/ruff format --check .
step types;      .venv/bin/mypy
step migrations; DJANGO_SETTINGS_MODULE=tests.settings .venv/bin/python manage.py makemigrations --check --dry-run
# What touches the database most runs on Postgres where that answers, everything else on the embedded
# default; without Postgres all of it does.
done_before=""
if [ $# = 0 ] && postgres=$(.venv/bin/python -m tests.environment); then
    step "what touches the database, on Postgres"
    files=$(find tests/accounts tests/sessions tests/insights -name 'test_*.py' |
        grep -v -e accounts/test_admin.py -e sessions/test_doorkeeper.py | sort)
    # shellcheck disable=SC2086
    TEST_DATABASE_URL=$postgres .venv/bin/python -m pytest -q --numprocesses "${JOBS:-2}" --dist loadfile --no-loadscope-reorder \
        $files tests/copilot/test_sealed.py tests/copilot/test_tampering.py tests/flows/test_pages_and_api.py
    for file in $files; do done_before="$done_before --ignore $file"; done
fi
# shellcheck disable=SC2086
step tests;      exec .venv/bin/python -m pytest --numprocesses "${JOBS:-2}" --dist loadfile --no-loadscope-reorder $done_before "$@"
