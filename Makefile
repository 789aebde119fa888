# Runs, tests and checks this project. Each target sets up what it needs: a machine with
# CPython >= 3.11 and make is enough. `make help` lists the targets.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# The folder of the virtual environment, and the Python to make it with (default: the newest found).
VENV ?= .venv
PYTHON ?=

# The interpreters that `make test-all` looks for.
VERSIONS ?= 3.11 3.12 3.13 3.14 3.15

# Passed on to the tool: `make test PYTEST_ARGS="tests/oracle -x"`, `make run RUN_ARGS="--data kv.db"`.
PYTEST_ARGS ?=
BENCH_ARGS ?=
# The interpreters that `make bench` compares (default: the environment's).
BENCH_PYTHONS ?=
BENCH_PYTHON_ARGS = $(if $(BENCH_PYTHONS),--python $(BENCH_PYTHONS))
DOCS_ARGS ?=
RUN_ARGS ?=

# The example application that `make run` starts: the KV server, on port 4040.
RUN_COMMAND = $(VENV)/bin/python -m examples.kv

# What is set up leaves a stamp, so that it is not set up again until its recipe changes.
VENV_STAMP := $(VENV)/.made
RUN_STAMP := $(VENV)/.installed
TEST_STAMP := $(VENV)/.installed-test
DOCS_STAMP := $(VENV)/.installed-docs
SYSTEM_STAMP := $(VENV)/.system

PIP := $(VENV)/bin/python -m pip --disable-pip-version-check --quiet --quiet
CODE := $(wildcard src tests examples benchmarks)

.PHONY: help run test soak test-all check format bench docs clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(RUN_STAMP) ## Start the KV server on port 4040 (stop it with Ctrl-C)
	@exec $(RUN_COMMAND) $(RUN_ARGS)

test: $(TEST_STAMP) $(SYSTEM_STAMP) ## Run the test suite
	@$(VENV)/bin/python -m pytest $(PYTEST_ARGS)

soak: $(TEST_STAMP) $(SYSTEM_STAMP) ## Try whole what the tests sample: hostile objects, little memory, storms, locks, kills
	@BEAMISH_SOAK=1 $(VENV)/bin/python -m pytest tests/hostile tests/matching tests/memory tests/environments tests/forks tests/threads/test_stops.py tests/retention tests/runtime/test_like_threads.py tests/kv/test_chaos.py tests/net/test_framers.py $(PYTEST_ARGS)

test-all: ## Run the test suite under each CPython found: 3.11 to 3.15
	@scripts/test-all.sh $(VERSIONS)

check: $(TEST_STAMP) ## Lint, check the format, and type-check with mypy and pyright
	@scripts/check.sh $(VENV) $(CODE)

format: $(TEST_STAMP) ## Format the code and fix what the linter can fix
	@$(VENV)/bin/ruff format $(CODE)
	@$(VENV)/bin/ruff check --fix $(CODE)

bench: $(TEST_STAMP) ## Run the benchmarks, beside Erlang and other libraries
	@$(VENV)/bin/python -m benchmarks.environments $(BENCH_PYTHON_ARGS)
	@$(VENV)/bin/python -m benchmarks $(BENCH_PYTHON_ARGS) $(BENCH_ARGS)

docs: $(DOCS_STAMP) ## Build the documentation into build/docs; a warning is an error
	@$(VENV)/bin/sphinx-build --fail-on-warning --keep-going --quiet --jobs auto \
		-d build/doctrees $(DOCS_ARGS) docs build/docs
	@echo "The documentation is in build/docs/index.html"

clean: ## Remove environments, caches and build results
	@rm -rf .venv .venv-* build dist .mypy_cache .pytest_cache .ruff_cache erl_crash.dump
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV_STAMP): scripts/make-venv.sh scripts/find-python.sh
	@PYTHON='$(PYTHON)' scripts/make-venv.sh $(VENV)
	@touch $@

$(RUN_STAMP): $(VENV_STAMP) pyproject.toml
	@echo "Installing beamish into $(VENV)"
	@$(PIP) install --editable .
	@touch $@

$(TEST_STAMP): $(VENV_STAMP) pyproject.toml
	@echo "Installing beamish and its test tools into $(VENV)"
	@$(PIP) install --editable . --group test
	@touch $@ $(RUN_STAMP)

$(DOCS_STAMP): $(VENV_STAMP) pyproject.toml
	@echo "Installing what builds the documentation into $(VENV)"
	@$(PIP) install --editable . --group docs
	@touch $@ $(RUN_STAMP)

$(SYSTEM_STAMP): scripts/install-system.sh $(VENV_STAMP)
	@scripts/install-system.sh
	@touch $@
