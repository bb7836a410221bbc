# The workbench's two commands are `make report` and `make test`; both do all set-up. `make help` lists the rest.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
BIN := .venv/bin
UV_DIR := .cache/uv
UV := $(UV_DIR)/bin/uv
PYTEST := $(BIN)/python -m pytest
WORKERS ?= 2
PYTEST_OPTIONS ?=

# Kernels start three times faster with byte code; figures need the inline backend; two kernels
# side by side are faster when each keeps to one thread.
export OMP_NUM_THREADS ?= 1
unexport PYTHONDONTWRITEBYTECODE
unexport MPLBACKEND
# pip's configured index, where there is one, serves uv too.
export UV_DEFAULT_INDEX ?= $(shell $(PYTHON) -m pip config get global.index-url 2>/dev/null || true)
ifeq ($(strip $(UV_DEFAULT_INDEX)),)
unexport UV_DEFAULT_INDEX
endif
export UV_LINK_MODE ?= copy
COMPILE := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes \
  --no-emit-index-url --no-header --no-annotate

.PHONY: help report test test-fast test-all lab lint format lock mutants coverage docs dist sbom audit bench calibration preview check simulate clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-11s %s\n", $$1, $$2}' Makefile

report: .venv/.ready ## Run every study under data/ and publish the site to _site/
	$(BIN)/workbench report

test: .venv/.ready ## The tests, and the notebooks under nbval (about 9 minutes on two cores)
	$(PYTEST) $(PYTEST_OPTIONS) -n $(WORKERS) --dist loadfile -m "not slow and not spark and not cluster and not postgres" \
	  --nbval-lax --nbval-current-env --nbval-cell-timeout 120 tests notebooks

test-fast: .venv/.ready ## The tests of one ROOM without those that take long (clv in under 30 s)
	$(PYTEST) -n $(WORKERS) --dist worksteal -q -p no:cacheprovider \
	  -m "not slow and not long and not spark and not cluster and not postgres and not browser" \
	  $(wildcard tests/$(ROOM) tests/test_$(ROOM).py)

test-all: .venv/.ready ## All tests, slow ones too
	$(PYTEST) -n $(WORKERS) --dist loadfile --timeout 1800 \
	  --nbval-lax --nbval-current-env --nbval-cell-timeout 120 tests notebooks

lint: .venv/.ready ## ruff, mypy, import rules, the form of the notebooks
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(PYTEST) -q tests/notebooks/test_form.py

format: .venv/.ready ## Put the code in its standard form, and strip the notebooks' outputs
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/python -m workbench.runs.notebook_file notebooks/*.ipynb

lab: .venv-lab/.ready ## JupyterLab on the notebooks, in one language (WORKBENCH_LANGUAGE=zh)
	JUPYTER_PREFER_ENV_PATH=1 .venv-lab/bin/jupyter lab --ServerApp.root_dir=. \
	  --LabApp.default_url=/lab/tree/notebooks/overview.ipynb \
	  --LabApp.extra_labextensions_path=src/workbench/languages/lab \
	  --ServerApp.tornado_settings='{"page_config_data": {"workbenchLanguage": "$(WORKBENCH_LANGUAGE)"}}' $(LAB_ARGS)

preview: .venv/.ready ## Serve the published site on this machine
	$(BIN)/workbench preview

check: .venv/.ready ## Validate every study's card and tables
	$(BIN)/workbench check

simulate: .venv/.ready ## Make data/harbour again from its seed
	$(BIN)/python -m tools.simulate

mutants: .venv/.ready ## Change N operators of a ROOM (of all), one at a time: do its tests notice?
	$(BIN)/python -m tools.mutants --room "$(ROOM)" --n $(or $(N),50) --seed $(or $(SEED),1) --jobs $(WORKERS) $(if $(NUMBERS),--numbers)

coverage: .venv/.ready ## The tests with their coverage, which has a floor
	$(PYTEST) -n $(WORKERS) --dist loadfile -m "not slow and not spark and not cluster and not postgres" --cov --cov-report= tests
	$(BIN)/python -m coverage report

docs: .venv/.ready ## The reference of the entry points, with examples, to _docs/
	$(BIN)/python -m tools.reference

dist: .venv/.ready ## Build the package and hold it against TAG=v0.1.0 and the changelog
	$(BIN)/python -m tools.release --tag $(TAG)

sbom: .venv/.ready ## Write what the lock holds as a bill of materials (CycloneDX) to dist/
	$(BIN)/python -m tools.sbom

audit: .venv/.ready ## Ask whether anything in the lock is known to be vulnerable (pip-audit)
	$(BIN)/python -m tools.audit

bench: .venv/.ready ## Measure the workbench against its peers
	$(BIN)/python -m benchmarks

calibration: .venv/.ready ## Measure whether intervals hold what they promise, and write the methods pages' tables
	$(BIN)/python -m benchmarks.calibration
	$(BIN)/python -m benchmarks.forecasts --draws 100
	$(BIN)/python -m benchmarks.alerts

lock: $(UV) ## Resolve the dependencies anew into the lock files
	$(COMPILE) --group dev --extra simulate --extra journey --extra notify --extra cluster --extra postgres pyproject.toml -o requirements.lock
	$(COMPILE) --group lab -o requirements-lab.lock

clean: ## Remove the environments and everything made (not the data)
	rm -rf .venv .venv-lab .cache _site _docs dist .quarto runs reports/studies reports/zh/studies

# uv installs several times faster than pip; its version and hash come from the lock.
$(UV): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "The workbench needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version). Try: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 2; }
	@$(PYTHON) -m pip --version > /dev/null \
	  || { echo "$(PYTHON) has no pip, which sets up the rest. Try: $(PYTHON) -m ensurepip, or make PYTHON=/usr/bin/python3 $(MAKECMDGOALS)"; exit 2; }
	@mkdir -p .cache && awk '/^uv==/{on=1} on{print} on&&!/\\$$/{exit}' requirements.lock > .cache/uv.lock
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --no-deps --require-hashes --upgrade --target $(UV_DIR) -r .cache/uv.lock
	@touch $@

.venv/.ready: requirements.lock $(UV)
	@echo "Setting up .venv (once for each version of requirements.lock) ..."
	@test -x $(BIN)/python || $(UV) venv --quiet --python $(PYTHON) .venv
	@$(UV) pip sync --quiet --python $(BIN)/python --compile-bytecode --require-hashes requirements.lock
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

.venv-lab/.ready: requirements-lab.lock .venv/.ready
	@echo "Setting up .venv-lab (JupyterLab) ..."
	@test -x .venv-lab/bin/python || $(UV) venv --quiet --python $(PYTHON) .venv-lab
	@$(UV) pip sync --quiet --python .venv-lab/bin/python --compile-bytecode --require-hashes requirements-lab.lock
	@$(BIN)/python -m ipykernel install --prefix .venv-lab --name python3 --display-name "Python 3 (ipykernel)"
	@touch $@
