# Everything here sets up what it needs: Python 3.11 or later, make and a package index suffice.

.DEFAULT_GOAL := help
.NOTPARALLEL:

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check --no-input install
# Stamps: what is installed to run, and what is installed to develop.
RUN := $(VENV)/.installed-to-run
DEV := $(VENV)/.installed-to-develop
LOCK := $(BIN)/uv --quiet pip compile pyproject.toml --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

##: What a user runs

.PHONY: demo
demo: $(RUN) ## Show the inquiry procedure at work on a real server; ONCE=1 ends by itself
	@$(BIN)/handrail demo $(if $(ONCE),--once)

.PHONY: test
test: $(DEV) ## Run the tests; ARGS=... goes to pytest
	@$(BIN)/pytest $(ARGS)

.PHONY: check
check: format lint types arch policy openapi-check clauses test ## All that CI runs, in its order

.PHONY: migrate
migrate: $(RUN) ## Bring the database that HANDRAIL_DATABASE_URL names up to date
	@$(BIN)/handrail migrate

##: The parts of `make check`

.PHONY: format
format: $(DEV) ## Say which files are not formatted
	@$(BIN)/ruff format --quiet --check .

.PHONY: lint
lint: $(DEV) ## Check the style
	@$(BIN)/ruff check --quiet .

.PHONY: types
types: $(DEV) ## Check the types
	@$(BIN)/mypy

.PHONY: arch
arch: $(DEV) ## Check who may import whom
	@$(BIN)/lint-imports --cache-dir $(VENV)/.imports

.PHONY: policy
policy: $(DEV) ## Check the policy file
	@$(BIN)/handrail policy check sop/policy.toml

.PHONY: openapi-check
openapi-check: $(DEV) ## Compare the API with its committed description
	@$(BIN)/handrail openapi --check

.PHONY: clauses
clauses: $(DEV) ## Show each clause with the tests that prove it
	@$(BIN)/python -m tests.clause_table

.PHONY: audit
audit: $(DEV) ## Ask for known vulnerabilities of the locked packages
	@$(BIN)/python -m tests.supply_chain audit

.PHONY: sbom
sbom: $(DEV) ## Write the bill of materials (CycloneDX) to build/sbom.cdx.json
	@$(BIN)/python -m tests.supply_chain sbom

##: What a developer runs

.PHONY: fmt
fmt: $(DEV) ## Format the files, and mend what can be mended
	@$(BIN)/ruff check --quiet --fix .
	@$(BIN)/ruff format .

.PHONY: bench
bench: $(DEV) ## Measure what a case costs, into docs/costs.md; ARGS=--counts renews the counts alone
	@$(BIN)/python -m tests.bench $(ARGS)

.PHONY: fuzz
fuzz: $(DEV) ## Send the API 10,000 requests made from its description; ARGS=... as --help says
	@$(BIN)/python -m tests.fuzz $(ARGS)

.PHONY: histories
histories: $(DEV) ## Record anew the histories that the replay tests replay
	@$(BIN)/python -m tests.histories

.PHONY: openapi
openapi: $(DEV) ## Write the API's description
	@$(BIN)/handrail openapi > api/openapi.json.new
	@mv api/openapi.json.new api/openapi.json

.PHONY: docs
docs: $(DEV) ## Write the parts of the documents that follow from the code
	@$(BIN)/python -m tests.docs.generated

.PHONY: lock
lock: $(DEV) ## Renew the lock files from pyproject.toml; UPGRADE=1 takes the newest versions
	@$(LOCK) $(if $(UPGRADE),--upgrade) --group dev --output-file requirements-dev.lock
	@$(LOCK) --constraint requirements-dev.lock --output-file requirements.lock
	@$(LOCK) --constraint requirements-dev.lock --extra aws --output-file requirements-aws.lock
	@$(LOCK:pyproject.toml=) --group build --constraint requirements-dev.lock \
		--output-file requirements-build.lock

.PHONY: clean
clean: ## Remove the environment and the caches; the demo's cases in .handrail stay
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The builder comes from a lock of its own, so that nothing unlocked is asked of the index.
$(RUN): requirements.lock requirements-build.lock pyproject.toml | $(BIN)/python
	@echo "Installing what Handrail needs (half a minute, once) ..." >&2
	@$(PIP) --require-hashes --requirement requirements.lock --requirement requirements-build.lock
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(DEV): requirements-dev.lock pyproject.toml | $(BIN)/python
	@echo "Installing what the tests need (a minute, once) ..." >&2
	@$(PIP) --require-hashes --requirement requirements-dev.lock
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@ $(RUN)

$(BIN)/python:
	@for python in $(or $(PYTHON),python3 python3.14 python3.13 python3.12 python3.11); do \
		$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
		$$python -m venv $(VENV) && exit 0; \
		rm -rf $(VENV); \
		echo "$$python cannot make a virtual environment: install its venv package" \
			"(Debian and Ubuntu: apt install python3-venv)." >&2; \
		exit 1; \
	done; \
	echo "Handrail needs Python 3.11 or later: install it, or name it with" \
		"'make PYTHON=/path/to/python3.12 $(or $(MAKECMDGOALS),demo)'." >&2; \
	exit 1
