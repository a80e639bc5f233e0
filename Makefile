# The commands of the project. Each is quick when nothing changed: stamps in .venv say which lock was installed.
#   make demo    a running platform with demonstration records    make check   format, lint, types, imports, docs
#   make test    every test                                       make bench   speed, against floors measured beside it
#   make setup   only the environment                             make lock    newer locks (LOCK_WITH=--upgrade)

SHELL := /bin/sh
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes
RUN := .venv/.run-$(shell cat requirements-setup.lock requirements.lock | cksum | cut -d' ' -f1)
DEV := .venv/.dev-$(shell cat requirements-dev.lock requirements-r4.lock | cksum | cut -d' ' -f1)
BENCH := .venv/.bench-$(shell cat requirements-bench.lock | cksum | cut -d' ' -f1)
ASSETS := .venv/.assets-$(shell cat package-lock.json src/xinglin/web/vendor.json tools/assets.py | cksum | cut -d' ' -f1)
TESTS ?= tests
JOBS ?= 2

.PHONY: demo test setup check audit format bench lock clean
.DEFAULT_GOAL := help

.PHONY: help
help:
	@sed -n '2,4p' Makefile | sed 's/^# *//'

demo: $(RUN) $(ASSETS)
	@exec $(BIN)/xinglin demo

test: $(DEV) $(ASSETS)
	@$(BIN)/python -m tools.chromium
	@exec $(BIN)/python -m pytest -n $(JOBS) --dist loadfile $(TESTS)

setup: $(DEV) $(ASSETS)

check: $(DEV)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/architecture
	$(BIN)/python -m tools.audit

# Known vulnerabilities of what we run on; AUDIT=--strict also fails where they cannot be looked up.
audit: $(DEV)
	$(BIN)/python -m tools.audit $(AUDIT)

format: $(DEV)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(BENCH)
	@exec $(BIN)/python -m bench

# The environment. Stamps carry the checksum of their lock, so a changed lock means a new stamp.
.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo 'Python 3.11 or newer is needed (set PYTHON=...)' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { [ "$$(id -u)" = 0 ] && \
		apt-get update -q && apt-get install -q -y python3-venv; } || \
		{ echo 'The package python3-venv is needed: apt-get install python3-venv' >&2; exit 1; }
	@echo 'setup: making .venv'
	@$(PYTHON) -m venv .venv

.venv/.run-%: .venv/bin/python
	@echo 'setup: installing what Xinglin runs on (requirements.lock)'
	@$(PIP) -r requirements-setup.lock
	@$(PIP) -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-index --no-build-isolation -e .
	@rm -f .venv/.run-* && touch $@

.venv/.dev-%: $(RUN)
	@echo 'setup: installing what checks it (requirements-dev.lock)'
	@$(PIP) -r requirements-dev.lock
	@$(PIP) --no-deps -r requirements-r4.lock
	@rm -f .venv/.dev-* && touch $@

.venv/.bench-%: $(DEV)
	@echo 'setup: installing what measurements stand beside (requirements-bench.lock)'
	@$(PIP) -r requirements-bench.lock
	@rm -f .venv/.bench-* && touch $@

.venv/.assets-%: $(RUN)
	@echo 'setup: fetching page assets (package-lock.json)'
	@$(BIN)/python -m tools.assets
	@rm -f .venv/.assets-* && touch $@

lock: .venv/bin/python
	@exec $(BIN)/python -m tools.lock $(LOCK_WITH)

# What was made, except the data in .xinglin.
clean:
	rm -rf .venv node_modules src/xinglin/web/static/vendor build dist
