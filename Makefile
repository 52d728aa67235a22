# Python 3.11+ and make are all that a fresh machine needs: everything else is installed below .venv/ and build/.
PYTHON ?= python3
WORKERS ?= 3
BIN := .venv/bin
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK = 1
# A start of the CDK or of an endpoint imports hundreds of modules: compiled once, not each time.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help dev check lint types templates test demo up down bench bench-serving bench-tracking build docs deploy clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

# What each command needs, and no more: a deploy to AWS does not install the demo, the demo does not install the tests.
DEPLOY := requirements.txt functions/requirements.txt
DEMO := $(DEPLOY) cli/requirements.txt image/requirements.txt local/requirements.txt
DEV := $(DEMO) tests/requirements.txt

.venv/bin/uv:
	@$(PYTHON) -c 'import sys; sys.exit("Heirloom needs Python 3.11 or later: make PYTHON=python3.11") if sys.version_info < (3, 11) else None'
	@echo "==> a virtual environment in .venv"
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet uv==0.13.9

.venv/.deploy: .venv/bin/uv pyproject.toml $(DEPLOY)
	@echo "==> installing what a deploy needs"
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python $(addprefix -r ,$(DEPLOY)) -e .
	@touch $@

.venv/.demo: .venv/bin/uv pyproject.toml $(DEMO)
	@echo "==> installing what the demo needs"
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python $(addprefix -r ,$(DEMO)) -e .
	@touch $@ .venv/.deploy

.venv/.dev: .venv/bin/uv pyproject.toml $(DEV)
	@echo "==> installing what development needs"
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python $(addprefix -r ,$(DEV)) -e .
	@touch $@ .venv/.demo .venv/.deploy

dev: .venv/.dev  ## install everything that development needs

build: .venv/.deploy  ## build the functions' third-party layers (no Docker)
	@$(BIN)/python -m infra.build

check: dev  ## lint, types, import contracts, templates, Dockerfile
	@$(MAKE) --no-print-directory --jobs 2 types templates lint

lint: dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/hadolint image/Dockerfile

types: dev
	$(BIN)/mypy

templates: dev build
	$(BIN)/python -m infra.check

test: check  ## everything: checks, unit, contract, infra and the whole stack on the embedded AWS
	$(BIN)/pytest tests/unit -n $(WORKERS) --cov=heirloom.core --cov-branch --cov-fail-under=100 --cov-report=term:skip-covered
	$(BIN)/pytest tests -n $(WORKERS) --dist loadgroup --ignore tests/unit

demo: .venv/.demo  ## the story, end to end, on this machine: upload, train, deploy, predict
	@$(BIN)/heirloom demo

up: .venv/.demo  ## start the embedded AWS and deploy the stack to it
	@$(BIN)/heirloom local up

down: .venv/.demo  ## stop the embedded AWS, keeping its state
	@$(BIN)/heirloom local down

bench: dev build  ## measure the numbers of docs/benchmarks.md again
	@$(BIN)/python -m tests.bench

bench-serving: dev  ## measure our server beside MLflow's, BentoML, FastAPI and AWS's container stack (15 minutes)
	@$(BIN)/python -m tests.bench.serving

bench-tracking: dev build  ## measure experiments beside MLflow's server on SQLite and PostgreSQL (25 minutes)
	@$(BIN)/python -m tests.bench.tracking

docs: dev  ## write the generated pages: docs/cli.md, docs/openapi.json
	@$(BIN)/python -m cli.reference
	@$(BIN)/python -m infra.openapi > docs/openapi.json

deploy: .venv/.deploy  ## cdk deploy to the AWS account of the current credentials
	@$(BIN)/python -m infra.build aws
	@$(BIN)/python -m infra.node cdk deploy --all

clean: .venv/.demo  ## remove the embedded AWS's state and everything that was built
	@$(BIN)/heirloom local reset --yes
	@rm -rf build cdk.out
