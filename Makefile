# `make demo` shows it, `make test` checks it. Everything runs in .venv, which scripts/bootstrap makes and keeps in step
# with the lock files.

PORT ?= 8000
DIR ?= demo
ARGS ?=

BIN := .venv/bin
export PYTHONUNBUFFERED := 1

# The steps share one environment and one screen.
.NOTPARALLEL:
.PHONY: help demo test check-slow lint types docs bench setup clean

help:
	@echo "make demo        a fictional force's problems, found and shown on this machine (PORT=8000 DIR=demo ARGS=--no-serve)"
	@echo "make test        every check of the project"
	@echo "make check-slow  the long checks: calibration, fuzz, kill runs, a fresh installation"
	@echo "make bench       the benchmarks, each a ratio to a peer, and the calibrations (long); writes docs/benchmarks"
	@echo "make docs        the documentation site, in site/"
	@echo "make setup       only the environment"
	@echo "make clean       removes the environment, the demo and everything built"

setup:
	@scripts/bootstrap

demo: setup
	@$(BIN)/forestall demo --dir "$(DIR)" --port $(PORT) $(ARGS)

test: lint types docs
	@scripts/chromium
	$(BIN)/pytest -m "not slow" -n 2 --dist loadfile --cov --cov-report=term
	@scripts/postgres $(BIN)/pytest tests/web -n 2 --dist loadfile -m "not slow and not browser"

lint: setup
	$(BIN)/ruff check src tests benchmarks scripts
	$(BIN)/ruff format --check src tests benchmarks scripts
	$(BIN)/lint-imports
	$(BIN)/python scripts/messages.py check

types: setup
	$(BIN)/mypy

docs: setup
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet --site-dir site

check-slow: setup
	@scripts/chromium
	$(BIN)/pytest -m slow --durations=10

bench: setup
	@set -e; for file in $$(grep -l -e --write benchmarks/*.py); do echo "$$file"; $(BIN)/python "$$file" --write; done

clean:
	rm -rf .venv node_modules demo site test-output src/forestall/web/static/vendor src/forestall/web/staticfiles
