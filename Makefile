# One door to everything: `make` alone prints what there is.
# A fresh machine needs python3 (3.11 or newer), make and PyPI; each target installs what it needs into $(VENV).

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
BENCH_BIN := $(VENV)-bench/bin
RIVALS := aiobotocore awscrt boto3 capo trustme
AXE := tests/browser/node_modules/.package-lock.json
CASES ?=
# Twice two cores: many a test waits for a thread, a process or a clock.
WORKERS ?= 4

# Compiled modules are kept, whatever the caller wants: the tests start some hundred Pythons, and each would compile all.
PYTEST = env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

# Nothing of the caller reaches a run that is to be the same everywhere: no AWS_*, SSL_CERT_*, proxy variable or HOME.
ALONE = home=$$(mktemp -d) && trap 'rm -rf "$$home"' EXIT && env -i PATH="$$PATH" HOME="$$home" TMPDIR="$${TMPDIR:-/tmp}" LANG=C.UTF-8

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test coverage test-fast test-all test-browser browser soak cases lint format format-check types interop \
	bench bench-page screenshot check clean

help: ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/.base ## run the main job: the last usage of some keys of a local KMS
	@$(ALONE) $(BIN)/python tests/demo.py

test: $(VENV)/.group-test ## run the tests, in four processes (WORKERS=4)
	$(PYTEST) $(ARGS)

coverage: $(VENV)/.group-test ## run the tests and measure what they cover: takes twice as long
	$(PYTEST) --cov --cov-report=term $(ARGS)

test-fast: $(VENV)/.group-test ## run the tests that open no socket and start no process: some 20 seconds
	$(PYTEST) --fast $(ARGS)

test-all: ## run the tests on each Python from 3.11 to 3.14 that answers here
	@for minor in 11 12 13 14; do \
		if PYENV_VERSION=3.$$minor python3.$$minor -c '' 2>/dev/null; then \
			PYENV_VERSION=3.$$minor $(MAKE) --no-print-directory test PYTHON=python3.$$minor VENV=.venv-3.$$minor || exit 1; \
		else echo "python3.$$minor does not answer here: passed over"; fi; \
	done

test-browser: $(VENV)/.group-browser browser $(AXE) ## test the page of the HTML report in a real browser
	$(BIN)/python -m pytest -n 2 tests/browser $(ARGS)

browser: ## install Chromium and its driver, as root on Debian, if they are not there
	@command -v chromium >/dev/null && command -v chromedriver >/dev/null && exit; \
	command -v apt-get >/dev/null || { echo "install chromium and chromedriver: apt-get is not here" >&2; exit 1; }; \
	echo "Installing Chromium and its driver ..." >&2; \
	timeout 300 apt-get update -qq && DEBIAN_FRONTEND=noninteractive timeout 900 apt-get install -qq -y \
		--no-install-recommends chromium chromium-driver fonts-liberation >/dev/null

soak: $(VENV)/.group-test ## make 100,000 calls through faults: none is lost or mixed up, and nothing grows
	@$(ALONE) $(BIN)/python tests/soak.py $(ARGS)

cases: $(VENV)/.group-test ## run a folder of case files beside our own: make cases CASES=DIR
	@test -d "$(CASES)" || { echo "name a folder of case files: make cases CASES=DIR" >&2; exit 2; }
	$(BIN)/python -m pytest tests/test_cases.py --cases "$(CASES)" $(ARGS)

lint: $(VENV)/.group-lint ## check the code with ruff
	$(BIN)/ruff check .

format: $(VENV)/.group-lint ## format the code
	$(BIN)/ruff check --fix --select I,UP .
	$(BIN)/ruff format .

format-check: $(VENV)/.group-lint ## fail where `make format` would change something
	$(BIN)/ruff format --check .

types: $(VENV)/.group-lint ## check the types, with mypy and pyright, both strict, and what editors show of them
	$(BIN)/mypy
	$(BIN)/pyright
	$(BIN)/pyright --project tests/typing
	$(BIN)/python -m pytest tests/typing $(ARGS)

interop: $(VENV)/.group-interop ## hold our answers against botocore's
	$(BIN)/python -m pytest tests/interop $(ARGS)

bench: $(BENCH_BIN)/../.installed $(RIVALS:%=$(VENV)-bench-%/.installed) ## measure speed, memory and size beside others: ten minutes
	@$(ALONE) $(BENCH_BIN)/python tests/bench/run.py $(ARGS)

bench-page: $(VENV)/.group-browser browser ## measure how the page of a report opens and sorts with 100,000 keys
	@$(ALONE) $(BIN)/python tests/bench/page.py $(ARGS)

screenshot: $(VENV)/.group-browser browser ## make docs/report.png, the picture of the HTML report
	@$(ALONE) $(BIN)/python tests/browser/screenshot.py docs/report.png

check: coverage test-browser lint format-check types interop ## all that must pass before a change lands

clean: ## remove what the other targets made
	rm -rf $(VENV) $(VENV)-* tests/browser/node_modules .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache dist

%/.base: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "$(PYTHON) is older than 3.11 or missing: name a newer one, as in make PYTHON=python3.12" >&2; exit 1; }
	@$*/bin/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $* || \
		{ echo "$(PYTHON) cannot make a virtual environment (Debian: apt-get install python3-venv)" >&2; exit 1; }
	@echo "Installing what awskms-lite needs into $* ..." >&2
	@$*/bin/python -m pip install -qq --disable-pip-version-check --upgrade pip
	@$*/bin/python -m pip install -qq --disable-pip-version-check --editable .
	@touch $@

.PRECIOUS: %/.base
$(VENV)/.group-%: $(VENV)/.base
	@echo "Installing the packages of the group $* into $(VENV) ..." >&2
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --group $*
	@touch $@

$(AXE): tests/browser/package-lock.json
	@cd tests/browser && timeout 300 npm ci --silent --no-audit --no-fund
	@touch $@

$(BENCH_BIN)/../.installed: $(VENV)-bench/.base
	@echo "Installing the packages of the group bench into $(VENV)-bench ..." >&2
	@$(BENCH_BIN)/python -m pip install -qq --disable-pip-version-check --group bench
	@touch $@

# A rival that cannot be installed here is no failure: the lines that compare with it are left out.
$(VENV)-bench-%/.installed: pyproject.toml
	@echo "Installing the packages of the group bench-$* into $(VENV)-bench-$* ..." >&2
	@$(PYTHON) -m venv --clear $(@D)
	@$(@D)/bin/python -m pip install -qq --disable-pip-version-check --upgrade pip
	@$(@D)/bin/python -m pip install -qq --disable-pip-version-check --group bench-$* && touch $@ || \
		echo "... which failed: it is left out" >&2
