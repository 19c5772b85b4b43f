# The two commands of the README: `make demo` and `make test`. Both set themselves up.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
SOURCES := canary stack handlers localcloud loadtests bench tests examples
SCRATCH := build/tmp

# Nothing is left outside of this folder.
demo unit simulate: export TMPDIR := $(CURDIR)/$(SCRATCH)
demo unit simulate: export MPLCONFIGDIR := $(CURDIR)/$(SCRATCH)/matplotlib

.PHONY: help setup demo test check lint types imports unit simulate docs bench-detection bench-handlers bench-rates bench-scale chaos-handlers fuzz-handlers lock clean

help:
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 20

setup: $(STAMP) ## .venv with the canary and localcloud commands

$(STAMP): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make setup PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --requirement requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

$(SCRATCH):
	@mkdir -p $@

demo: setup | $(SCRATCH) ## a whole release on the embedded cloud, at most 3 minutes
	$(BIN)/python -m examples.demo

test: check ## every check and test; what CI runs

check: lint types imports unit

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup
	$(BIN)/mypy $(SOURCES)

imports: setup
	$(BIN)/lint-imports

unit: setup | $(SCRATCH)
	$(BIN)/pytest -m "not e2e" --numprocesses 2 --dist loadfile
	$(BIN)/pytest -m e2e --ignore tests/e2e/test_demo.py --numprocesses 8 --dist loadscope
	$(BIN)/pytest tests/e2e/test_demo.py

simulate: setup | $(SCRATCH) ## 10,000 rollouts with crashes, throttling, stale reads and foreign hands; no rule may be broken
	$(BIN)/python -m tests.simulation

docs: setup ## docs/cli.md from the commands, docs/api.md from the OpenAPI document
	$(BIN)/python -m docs.cli_reference
	$(BIN)/python -m docs.api_reference

bench-detection: setup ## how soon which rule finds which fault, and how often it is wrong: half an hour on two idle cores
	$(BIN)/python -m bench.detection

bench-handlers: setup ## cold start and warm latency of payment-processor beside a plain handler
	$(BIN)/python -m bench.handlers_bench

bench-rates: setup ## p99 of every endpoint at rising rates on the embedded cloud
	$(BIN)/python -m bench.rates_bench

bench-scale: setup ## API calls and processor time of a tick over 1 to 1,000 rollouts
	$(BIN)/python -m bench.scale

chaos-handlers: setup ## 2,000 transactions while workers are killed and deliveries doubled
	CHAOS_TRANSACTIONS=2000 $(BIN)/pytest tests/handlers/test_chaos.py

fuzz-handlers: setup ## 10,000 requests generated from the API document
	FUZZ_REQUESTS=10000 $(BIN)/pytest tests/handlers/test_document_fuzz.py

lock: setup ## pins requirements.txt anew from pyproject.toml
	$(BIN)/pip-compile --quiet --strip-extras --all-extras --unsafe-package pip --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-header --output-file requirements.txt pyproject.toml
	sed -i -e 's/^\(awslambdaric==[^ ]*\)$$/\1 ; sys_platform == "linux"/' -e '/considered to be unsafe/,$$d' requirements.txt

clean: ## removes what setup, demo and test left in this folder
	rm -rf $(VENV) build .localcloud .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache *.egg-info

include deploy.mk
