# `make` prints what there is. Every target makes the environment in $(VENV) first; variables can be given: make demo CORES=4

VENV ?= .venv
CORES ?= 2
BIN := $(VENV)/bin
READY := $(VENV)/.ready

# Jobs find `lnl` and `python` of the environment without anybody activating it; a job of this suite uses one thread.
export PATH := $(abspath $(BIN)):$(PATH)
export OMP_NUM_THREADS = 1

.DEFAULT_GOAL := help
.PHONY: help env demo smoke test hunt gpu slurm lint bench bench-check bench-gpu lock clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*  ## ' Makefile | sed 's/:.*  ## /\t/' | awk -F '\t' '{printf "  make %-12s %s\n", $$1, $$2}'

env: $(READY)  ## the environment: exactly the versions of requirements.lock, every file checked against its hash

# uv reads neither pip's configuration nor its extra package folders, in which a CPU-only torch may lie. Bytecode is made
# here once: where Python may not write it (PYTHONDONTWRITEBYTECODE, a read-only environment), every job would compile the
# sources of what it imports anew, which makes a small DAG three times as slow.
$(READY): requirements.lock
	@case "$$(pwd -P)" in *[\"\'\`\$$\\{}:]* | *[[:cntrl:]]*) \
		echo 'make: the path of a checkout cannot hold quotes, backslashes, braces, "$$", "`", ":" or line breaks; rename the folder' >&2; exit 2;; \
	esac
	@for python in $(PYTHON) python3 python3.13 python3.12 python3.11; do \
		if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			$$python -m venv $(VENV) || { echo 'make env: this Python cannot make environments (Debian, Ubuntu: apt install python3-venv)' >&2; exit 1; }; \
			exit 0; \
		fi; \
	done; echo 'make env: no Python >= 3.11 found; install one, or name it: make env PYTHON=/path/to/python3' >&2; exit 1
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv>=0.8,<1'
	VIRTUAL_ENV="$(abspath $(VENV))" $(BIN)/uv pip install --compile-bytecode --require-hashes -r requirements.lock
	VIRTUAL_ENV="$(abspath $(VENV))" $(BIN)/uv pip install --no-deps --no-build-isolation -e .
	$(BIN)/python -m compileall -q lnl
	@touch $@

demo: $(READY)  ## the whole path on scikit-learn's digits: noise, training, tables, figures, report; minutes on two cores
	$(BIN)/snakemake --cores $(CORES) --config scale=demo
	@echo 'Open results/demo/report.html'

smoke: $(READY)  ## everything once from nothing, two steps each: does the plumbing hold?
	rm -rf results/smoke
	$(BIN)/snakemake all --cores $(CORES) --workflow-profile workflow/profiles/smoke

test: $(READY)  ## the tests (no GPU, no network, no data files needed)
	$(BIN)/python -m pytest -n $(CORES) --dist worksteal

hunt: $(READY)  ## the tests of properties alone, on examples drawn anew and 20 times as many; as long as it takes
	$(BIN)/python -m pytest -n $(CORES) --dist worksteal --hunt 20

slurm: $(READY)  ## the tests that start a Slurm of one node; needs root and Debian's packages (tests/test_slurm.py names them)
	$(BIN)/python -m pytest -m slurm $(ONLY)

# A recording that has failed leaves nothing recorded in its process.
gpu: $(READY)  ## the tests that need a GPU, each file in a process of its own
	@failed=0; for file in $$(grep -l 'mark\.gpu' tests/test_*.py); do \
		echo "$$file"; $(BIN)/python -m pytest -m gpu "$$file" || failed=1; \
	done; exit $$failed

lint: $(READY)  ## ruff, snakefmt, mypy, the import contract, snakemake --lint
	@$(MAKE) --no-print-directory --jobs=$(CORES) --keep-going $(LINTERS)

LINTERS := lint-types lint-code lint-rules lint-rooms lint-workflow
.PHONY: $(LINTERS)

lint-types: $(READY)
	$(BIN)/mypy

lint-code: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

lint-rules: $(READY)
	$(BIN)/snakefmt --check Snakefile workflow

lint-rooms: $(READY)
	$(BIN)/lint-imports --no-logo

lint-workflow: $(READY)
	$(BIN)/snakemake --lint

bench: $(READY)  ## speed, as ratios measured side by side
	$(BIN)/python -m benchmarks

bench-check: $(READY)  ## the same, compared with the committed numbers: fails on what has become slower
	$(BIN)/python -m benchmarks --check

bench-gpu: $(READY)  ## the same on an NVIDIA GPU, without Snakemake
	$(BIN)/python -m benchmarks.gpu

lock: $(READY)  ## resolve pyproject.toml anew into requirements.lock (Linux and macOS, Python 3.11 to 3.13)
	$(BIN)/uv pip compile --universal --generate-hashes --python-version 3.11 --all-extras --upgrade --no-header \
		pyproject.toml -o requirements.lock

clean:  ## remove what the tools left behind; results, data and the environment stay
	rm -rf .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist *.egg-info
	find lnl methods figures benchmarks tests -name __pycache__ -type d -prune -exec rm -rf {} +
