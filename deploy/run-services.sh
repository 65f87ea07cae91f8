#!/bin/sh
# The same application on Postgres and Redis, with separate web, worker, analysis and beat processes.
set -eu
cd "$(dirname "$0")/.."
export DATABASE_URL="${DATABASE_URL:-postgres://postgres@127.0.0.1:5432/copilot}"
export REDIS_URL="${REDIS_URL:-redis://127.0.0.1:6379/0}"
deploy/install.sh dev
.venv/bin/python manage.py prepare --create-database
echo "Serving on http://127.0.0.1:${PORT:-8000} from four processes (Ctrl-C stops all)"
exec .venv/bin/honcho -f deploy/Procfile -d . start
