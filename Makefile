# Everything a person does here starts with one of these; `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
HOME_FOLDER ?= var
# Who approves the new model in `make demo-drift`; a hospital's person types `osteon registry promote`.
APPROVER ?= Dr. Demo
CODE := osteon training monitoring services pipelines tests benchmarks

export UV_FIND_LINKS ?= $(shell python3 -m pip config get global.find-links 2>/dev/null)
ifeq ($(UV_FIND_LINKS),)
# A machine with wheels of its own keeps them; any other gets the torch build that fits its GPU, or the CPU's.
unexport UV_FIND_LINKS
export UV_TORCH_BACKEND ?= auto
endif
# Last: pynetdicom brings programs with the names of dcmtk's.
export PATH := $(PATH):$(CURDIR)/$(BIN)
export HF_HUB_OFFLINE := 1
# Where it is set, every process compiles every module it imports anew: half of the time of a start.
unexport PYTHONDONTWRITEBYTECODE
export BENTOML_DO_NOT_TRACK := true

.PHONY: help
help: ## Show this list
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

.PHONY: up
up: $(VENV)/.installed ## Install, make a sample, train on it, start the services, print one prediction
	@$(BIN)/osteon up --home $(HOME_FOLDER)

.PHONY: down
down: ## Stop the services
	@if [ -x $(BIN)/osteon ]; then $(BIN)/osteon down --home $(HOME_FOLDER); fi

.PHONY: setup
setup: $(VENV)/.installed $(VENV)/.debian-test ## Install everything, for use and for the tests; run nothing

.PHONY: test
test: setup check ## Install, then run all tests
	@$(BIN)/python -m pytest -n 2 --dist loadfile

.PHONY: check
check: $(VENV)/.installed ## Look for faults without changing anything: ruff, mypy
	@$(BIN)/ruff check $(CODE)
	@$(BIN)/ruff format --check $(CODE)
	@$(BIN)/mypy

.PHONY: fix
fix: $(VENV)/.installed ## Mend what a tool can mend
	@$(BIN)/ruff check --fix $(CODE) || true
	@$(BIN)/ruff format $(CODE)

.PHONY: bench
bench: $(VENV)/.installed peers ## Run every benchmark; one JSON line each
	@$(BIN)/osteon bench

.PHONY: demo-drift
demo-drift: $(VENV)/.installed $(VENV)/.debian-test ## A new device, an alarm, a better model, a harmful one undone; artefacts in var/demo-drift
	@$(BIN)/python -m benchmarks.demo_drift --folder $(HOME_FOLDER)/demo-drift --approver "$(APPROVER)"

.PHONY: peers
peers: $(VENV)/.installed ## Install the programs that the benchmarks measure ours against
	@$(BIN)/uv pip install -q --python $(VENV) -c requirements.lock -r benchmarks/peers.txt

.PHONY: accept-01
accept-01: $(VENV)/.installed $(VENV)/.debian-test ## The long checks of the first issue, about three hours; figures to accept/
	@$(BIN)/python -m benchmarks.accept_01

.PHONY: accept-02
accept-02: $(VENV)/.installed ## The long checks of the de-identification, hours; figures to accept/
	@$(BIN)/python -m benchmarks.accept_02

.PHONY: accept-04
accept-04: $(VENV)/.installed ## Half an hour of load and faults on the model server; figures to accept/
	@$(BIN)/python -m benchmarks.accept_04 --minutes 30

.PHONY: lock
lock: $(VENV)/.uv ## Write requirements.lock anew from pyproject.toml
	@$(BIN)/uv pip compile pyproject.toml --all-extras --python-version 3.11 --generate-hashes --quiet \
	  --no-emit-package torch --no-emit-package torchvision --no-emit-package setuptools \
	  --no-annotate --no-header -o requirements.lock

.PHONY: clean
clean: down ## Remove what was made: the installation's files, caches, the environment
	@rm -rf $(HOME_FOLDER) $(VENV) accept build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.uv:
	@packaging/debian.sh packaging/debian-up.txt
	@$(PYTHON) -c 'import sys; ok = (3, 11) <= sys.version_info[:2] <= (3, 12); sys.exit(0 if ok else "needs Python 3.11 or 3.12; set PYTHON=/path/to/python3.11")'
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -q --disable-pip-version-check uv==0.13.9
	@touch $@

$(VENV)/.installed: $(VENV)/.uv pyproject.toml requirements.lock
	@echo "installing the Python packages" >&2
	@$(BIN)/uv pip install -q --python $(VENV) -r requirements.lock -e '.[all]'
	@touch $@

$(VENV)/.debian-test: $(VENV)/.uv packaging/debian-test.txt
	@packaging/debian.sh packaging/debian-test.txt
	@touch $@
