# Recipes for working on graphwalk. All that `make demo` and `make test` need is Python, pip and
# make; what they install goes into $(VENV) and nowhere else.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo test test-slow lint format docs bench peers clean

help: ## list the recipes
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

demo: $(VENV)/.installed ## build the store of a real graph, walk it, show some walks
	@$(BIN)/python examples/debian/demo.py

test: lint docs ## lint, check types, build the site, run the tests
	$(BIN)/python -m pytest -m "not slow" -n 2 --dist loadfile --no-loadscope-reorder

test-slow: $(VENV)/.installed-dev ## run the tests that take minutes
	$(BIN)/python -m pytest -m slow

lint: $(VENV)/.installed-dev ## check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.installed-dev ## put the sources into the project's format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(VENV)/.installed-dev ## build the site of docs/ into site/; any warning fails
	@# Not --quiet: that would keep warnings from being counted.
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build

bench: $(VENV)/.installed-dev ## measure; prints tables (takes a while, wants a quiet machine)
	$(BIN)/python -m benchmarks

peers: $(VENV)/.installed-dev ## compare with other packages; PEERS='--python ...' names more of them
	$(PIP) install --editable '.[peers]'
	$(BIN)/python -m benchmarks.peers --python $(BIN)/python $(PEERS)

clean: ## remove all that these recipes make, the environment too
	rm -rf $(VENV) results site build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find graphwalk tests examples benchmarks -name __pycache__ -prune -exec rm -rf {} +

# A stamp stands for an installation, so that it is done again only when the requirements change.
$(VENV)/.installed: pyproject.toml | $(BIN)/python
	@echo "Installing graphwalk and what it needs into $(VENV) (a minute or two) ..."
	@$(PIP) install --editable .
	@touch $@

$(VENV)/.installed-dev: pyproject.toml | $(BIN)/python
	@echo "Installing graphwalk and what its tests need into $(VENV) (a minute or two) ..."
	@$(PIP) install --editable '.[dev]'
	@touch $@ $(VENV)/.installed

# Some systems leave out what `venv` puts pip in with; then their own pip does it.
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "graphwalk needs Python 3.11 or newer; name one: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) > /dev/null 2>&1 \
	|| { $(PYTHON) -m venv --clear --without-pip $(VENV) \
	     && $(PYTHON) -m pip --quiet --python $(VENV)/bin/python install pip; } \
	|| { rm -rf $(VENV); exit 1; }
