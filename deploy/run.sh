#!/bin/sh
# Install, prepare and serve with the demo interview on the embedded default.
set -eu
cd "$(dirname "$0")/.."
deploy/install.sh
exec .venv/bin/python manage.py serve --port "${PORT:-8000}" --prepare
