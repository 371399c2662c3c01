# Recipes for working on graphwalk. All that `make demo` and `make test` need is Python, pip and
# make; what they install goes into $(VENV) and nowhere else.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
OLDEST := $(VENV)-oldest
TORCH := $(VENV)-torch
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check

# Tests of what depends on other packages most: graphs of tasks, plans, threads, Ray, the store.
OLDEST_TESTS := tests/test_oldest.py tests/test_private_interfaces.py tests/test_streaming.py \
  tests/test_determinism.py tests/test_reader.py tests/test_store_format.py tests/test_walks.py \
  $(addprefix tests/test_partitioned_walks.py::, test_start_nodes_given test_within_dask_expressions \
    test_some_blocks_compute_their_groups_alone test_what_does_not_fit_is_refused_before_it_runs) \
  $(addprefix tests/test_ray.py::, test_some_start_nodes_and_slices \
    test_the_plan_is_for_the_cluster_and_refuses_before_it_runs \
    test_persisted_walks_and_expressions test_a_partition_is_loaded_once_a_session \
    test_partitions_that_do_not_stay test_a_damaged_store_is_told_as_on_threads \
    test_the_versions_here_are_listed_as_working) \
  $(addprefix tests/test_graph.py::, test_scipy_has_every_entry test_networkx_has_every_edge) \
  tests/test_embedding.py::test_neighbours_are_near tests/test_plots.py::test_visits

# Tests start many processes, which would compile all modules again if bytecode were not kept.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo test test-system test-oldest test-torch test-slow lint format docs bench peers clean

help: ## list the recipes
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' Makefile

demo: $(VENV)/.installed ## build the store of a real graph, walk it, show some walks
	@$(BIN)/python examples/debian/demo.py

# Style and types are checked while tests wait for what they start; what is said of them comes last.
test: $(VENV)/.installed-dev ## lint, check types, run the tests that take seconds
	@$(MAKE) --no-print-directory --keep-going lint > $(VENV)/checks.log 2>&1 & checking=$$!; \
	$(BIN)/python -m pytest -m "not slow and not system" -n 4 --dist loadfile --no-loadscope-reorder --durations=20; \
	tests=$$?; wait $$checking; checks=$$?; cat $(VENV)/checks.log; exit $$((tests + checks))

test-system: $(VENV)/.installed-dev ## run tests of Slurm, machines and the site; as root on Debian, installs packages of the system
	$(BIN)/python -m pytest -m "system and not slow" -n 2 --dist loadfile --no-loadscope-reorder --durations=5

# Kernels are compiled into a folder of its own: two versions of numba would overwrite each other's.
test-oldest: $(OLDEST)/.installed ## run quick tests with the oldest supported versions
	NUMBA_CACHE_DIR=$(abspath $(OLDEST))/kernels $(OLDEST)/bin/python -m pytest \
	  -n 2 --dist loadfile --no-loadscope-reorder $(OLDEST_TESTS)

# PyTorch has an environment of its own, since its usual build for Linux brings some GB of CUDA.
# xarray is in it too: where it is installed, each process that imports Dask's arrays imports it.
test-torch: $(TORCH)/.installed ## run the tests, and the blocks of pages, that need PyTorch or xarray
	$(TORCH)/bin/python -m pytest tests/test_reading_torch.py tests/test_neighbor_torch.py \
	  tests/test_xarray.py tests/test_torch_ranks.py tests/test_pyg_stores.py tests/test_graph_neural_network.py
	$(TORCH)/bin/python -m pytest tests/test_docs.py -k "blocks and (samples or downstream or reading or recipes)"

test-slow: $(VENV)/.installed-dev ## run the tests that take minutes; as root, those of Slurm too, which they install
	$(BIN)/python -m pytest -m slow --timeout=1800 --durations=20

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
	@echo "Open site/index.html; its search needs a server: python -m http.server --directory site"

bench: $(VENV)/.installed-dev ## measure; prints tables (wants a quiet machine; GAPBS=FOLDER of its programs)
	$(BIN)/python -m benchmarks
	$(BIN)/python -m benchmarks.startup
	$(BIN)/python -m benchmarks.analytics $(if $(GAPBS),--gapbs $(GAPBS))
	$(BIN)/python -m benchmarks.output
	$(BIN)/python -m benchmarks.partitions
	$(BIN)/python -m benchmarks.reductions
	$(BIN)/python -m benchmarks.efficiency
	$(BIN)/python -m benchmarks.cluster
	$(BIN)/python -m benchmarks.reorder

peers: $(VENV)/.installed-dev ## compare with other packages; PEERS='--python ...' names more of them
	$(PIP) install --editable '.[peers]'
	$(BIN)/python -m benchmarks.peers --python $(BIN)/python $(PEERS)

clean: ## remove all that these recipes make, the environment too
	rm -rf $(VENV) $(OLDEST) $(TORCH) results site build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
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

$(OLDEST)/.installed: pyproject.toml tests/oldest.txt
	@$(MAKE) --no-print-directory VENV=$(OLDEST) $(OLDEST)/bin/python
	@echo "Installing the oldest supported versions into $(OLDEST) (a minute or two) ..."
	@$(OLDEST)/bin/python -m pip --quiet --disable-pip-version-check install \
	  --constraint tests/oldest.txt --editable '.[embed,interop,plot,test]'
	@touch $@

# Later versions of DGL load only with the versions of PyTorch that they were built for.
$(TORCH)/.installed: pyproject.toml
	@$(MAKE) --no-print-directory VENV=$(TORCH) $(TORCH)/bin/python
	@echo "Installing PyTorch into $(TORCH) (a minute or two) ..."
	@$(TORCH)/bin/python -m pip --quiet --disable-pip-version-check install torch==2.13.0 torch_geometric xarray dgl==1.1.3 polars
	@$(TORCH)/bin/python -m pip --quiet --disable-pip-version-check install --editable '.[docs,embed,interop,plot,test]'
	@touch $@

# Some systems leave out what `venv` puts pip in with; then their own pip does it.
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "graphwalk needs Python 3.11 or newer; name one: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) > /dev/null 2>&1 \
	|| { $(PYTHON) -m venv --clear --without-pip $(VENV) \
	     && $(PYTHON) -m pip --quiet --python $(VENV)/bin/python install pip; } \
	|| { rm -rf $(VENV); exit 1; }
