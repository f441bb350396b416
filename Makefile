PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# One worker per core, but not more than the tests are worth.
WORKERS ?= 2

.PHONY: help train test test-all test-versions lint docs bench clean

help:
	@echo "make train     make the environment and train an agent for about a minute"
	@echo "make test      make the environment and run the tests"
	@echo "make test-all  the slow tests too"
	@echo "make test-versions  a short set of tests with the oldest and the newest jax"
	@echo "make lint      style, formatting and types"
	@echo "make docs      the documentation, into build/site"
	@echo "make bench     steps per second of every game"

$(VENV)/.ready: pyproject.toml
	$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'Python 3.11 or newer is needed; name one with make PYTHON=python3.12')"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[dev]"
	@touch $@

train: $(VENV)/.ready
	$(BIN)/python -m agents.quickstart

test: $(VENV)/.ready
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

test-all: $(VENV)/.ready
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile -m "slow or not slow"

# VERSIONS=newest runs it with that one alone.
test-versions: $(VENV)/.ready
	$(BIN)/python tests/versions.py $(VERSIONS)

lint: $(VENV)/.ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/basedpyright --pythonpath $(BIN)/python

$(VENV)/.ready-docs: $(VENV)/.ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[docs]"
	@touch $@

docs: $(VENV)/.ready-docs
	$(BIN)/python docs/build_site.py

bench: $(VENV)/.ready
	$(BIN)/python -m benchmarks.step

clean:
	rm -rf $(VENV) .venv-oldest .venv-newest .pytest_cache build dist
