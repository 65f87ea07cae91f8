# make run    installs, prepares and serves the application with a demo interview
# make test   installs and runs everything: lint, types, contracts, tests
# make bench  measures speed and cost, and writes docs/benchmarks.md
# make evaluate  measures the analysis on labelled interviews; fails below the floors
# make openapi   writes docs/openapi.yaml from the code
PORT ?= 8000
PYTHON ?= python3
export PORT PYTHON

.PHONY: help install run run-services test bench evaluate screenshots openapi clean

help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile

install:
	@deploy/install.sh

run:
	@deploy/run.sh

run-services:
	@deploy/run-services.sh

test:
	@deploy/test.sh $(ARGS)

bench:
	@deploy/install.sh dev
	@.venv/bin/python -m tests.benchmarks

evaluate:
	@deploy/install.sh dev
	@.venv/bin/python -m tests.evaluation $(ARGS)

screenshots:
	@deploy/install.sh dev
	@.venv/bin/python -m tests.browser.screenshots

openapi:
	@deploy/install.sh dev
	@.venv/bin/python manage.py spectacular --validate --fail-on-warn --file docs/openapi.yaml

clean:
	@rm -rf .venv .mypy_cache .pytest_cache .ruff_cache
