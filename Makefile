# Everything goes through .venv, made by `make setup` from the lock. `make help` lists the targets.
CALLED_FROM := $(PWD)
SOURCE ?=
DATA ?=
CHOSEN = $(if $(SOURCE),--source "$(SOURCE)") $(if $(DATA),--data "$(DATA)")
BIN := .venv/bin
PYTEST_WORKERS ?= 2
# Workers take modules in the order of tests/conftest.py: the longest first.
PYTEST := $(BIN)/pytest -n $(PYTEST_WORKERS) --dist loadgroup --no-loadscope-reorder --durations=10

.PHONY: help setup demo up down test test-fast lint format lock bench bench-ratings bench-pipeline bench-identities faults

help:
	@echo "make demo [SOURCE=name] [DATA=folder]  real servers, data, model, forecasts, history, once; then it stops"
	@echo "make up [SOURCE=name] [DATA=folder]    the same stack, in the foreground until Ctrl-C"
	@echo "make down                end the processes that a crash left behind"
	@echo "make test                everything that must hold: format, lint, types, import rules, tests"
	@echo "make test-fast           the unit tests: no server, under a minute"
	@echo "make faults              stop and kill servers under load for ten minutes; CS2_FAULTS_SEED=number repeats a run"
	@echo "make setup               the environment in .venv (all other targets call it)"
	@echo "make format              format the code"
	@echo "make lock                pin the newest packages"
	@echo "make bench [DATA=folder]  speed of the service: ratios measured in one run (docs/performance.md)"
	@echo "make bench-pipeline DATA=folder  processor time, memory and disk from an archive to a model"
	@echo "make bench-identities DATA=folder  precision and recall of who is who, against a table of the truth"
	@echo "make bench-ratings [DATA=folder]  maps a second of the rating engine, beside openskill"

setup:
	@scripts/setup

demo: setup
	@cd "$(CALLED_FROM)" && "$(CURDIR)/$(BIN)/cs2" demo $(CHOSEN)

up: setup
	@cd "$(CALLED_FROM)" && "$(CURDIR)/$(BIN)/cs2" up $(CHOSEN)

down: setup
	@$(BIN)/cs2 down

lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: lint
	$(PYTEST) --durations-min=5

test-fast: setup
	$(PYTEST) --durations-min=1 tests/unit

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: setup
	scripts/lock --upgrade

bench: setup
	@command -v wrk >/dev/null || { [ "$$(id -u)" = 0 ] && apt-get install -y wrk >/dev/null; } || \
		{ echo "make bench needs wrk, an HTTP load generator: apt-get install wrk (or your system's package)" >&2; exit 1; }
	$(BIN)/python -m benchmarks.serving $(if $(DATA),--path "$(DATA)")

bench-pipeline: setup
	$(BIN)/python -m benchmarks.pipeline --path "$(DATA)"

bench-ratings: setup
	$(BIN)/python -m benchmarks.ratings $(if $(DATA),--path "$(DATA)")

bench-identities: setup
	$(BIN)/python -m benchmarks.identities --path "$(DATA)"

faults: setup
	$(BIN)/python -m tests.system.faults.running --seconds 600
