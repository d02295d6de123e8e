# SPDX-License-Identifier: BSD-3-Clause
# Every target sets up what it needs: Debian packages (apt-get), a virtual environment in
# .venv, and the native core. When nothing is missing that takes a fraction of a second.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
OUT := out

NATIVE_SOURCES := $(shell find emulator/nuxemu/native -name '*.[ch]' 2>/dev/null)
NATIVE_C := $(filter %.c,$(NATIVE_SOURCES))
# Hand-written C; generated files carry a banner and are kept as generated.
C_FOLDERS := emulator/nuxemu/native ppu_runtime kernels tests examples docs
C_FILES := $(shell find $(C_FOLDERS) -name '*.[ch]' 2>/dev/null | \
	xargs -r grep -LiE 'generated (by|from)')

.PHONY: help
help:  ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' Makefile

# --- Set-up ---------------------------------------------------------------------------

.PHONY: system
system:
	@.ci/system_packages >/dev/null

# python -m venv on an existing folder mends it, so a broken set-up heals by itself.
$(VENV)/.packages: pyproject.toml constraints.txt setup.py | system
	@echo "set-up: Python packages into $(VENV) (this takes a minute the first time)"
	"$$(.ci/system_packages)" -m venv $(VENV)
	$(BIN)/python -m pip install --quiet -c constraints.txt setuptools cffi
	$(BIN)/python -m pip install --quiet -c constraints.txt --no-build-isolation -e '.[dev]'
	@touch $@

$(VENV)/.native: $(VENV)/.packages emulator/nuxemu/build_native.py $(NATIVE_SOURCES)
	@echo "set-up: building the native core"
	$(BIN)/python setup.py --quiet build_ext --inplace
	@touch $@

$(VENV)/.docs: $(VENV)/.native
	@echo "set-up: documentation tools into $(VENV)"
	$(BIN)/python -m pip install --quiet -c constraints.txt --no-build-isolation -e '.[docs]'
	@touch $@

# NEST is only compared with: without it its lines in the table say so.
$(VENV)/.bench: $(VENV)/.native
	@echo "set-up: NEST into $(VENV)"
	$(BIN)/python -m pip install --quiet -c constraints.txt --no-build-isolation -e '.[bench]' \
		|| echo "set-up: NEST cannot be installed here; the benchmark does without it"
	@touch $@

.PHONY: setup
setup: system $(VENV)/.native  ## Install what is missing (all other targets do this first)

# --- What users and developers run ------------------------------------------------------

.PHONY: demo
demo: setup  ## Learn a weight matrix from spikes and draw it (examples/stdp.py)
	$(BIN)/python examples/stdp.py --output $(OUT)/demo
	@echo "The pictures are in $(CURDIR)/$(OUT)/demo"

.PHONY: test
test: setup  ## Run all tests
	$(BIN)/python -m pytest -n auto --dist worksteal $(PYTEST_ARGS)

.PHONY: fuzz
fuzz: setup  ## Damaged files, random programs, packets: a long run (FUZZ_ARGS=--help)
	PYTHONPATH=tests $(BIN)/python -m fuzz.run --output $(OUT)/fuzz $(FUZZ_ARGS)

.PHONY: lint
lint: setup  ## Check style, types, C warnings and that generated files are up to date
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy hostlib/nuxkit hostlib/nuxkit_start emulator/nuxemu
	$(if $(C_FILES),$(BIN)/clang-format --dry-run -Werror $(C_FILES))
	$(if $(NATIVE_C),gcc -std=gnu11 -Wall -Wextra -Werror -fsyntax-only \
		-Iemulator/nuxemu/native $(NATIVE_C))
	$(BIN)/python -m nuxemu.isa.generate --check

.PHONY: bench
bench: setup $(VENV)/.bench  ## Measure the speed figures of docs/performance.md
	PYTHONPATH=tests $(BIN)/python -m bench.run --output $(OUT)/bench/bench.json

.PHONY: docs
docs: setup $(VENV)/.docs  ## Build the documentation as HTML
	$(BIN)/sphinx-build -q -W --keep-going -b html docs $(OUT)/docs
	@echo "Open $(CURDIR)/$(OUT)/docs/index.html"

.PHONY: generate
generate: setup  ## Rewrite the files made from the instruction table and the address map
	$(BIN)/python -m nuxemu.isa.generate

.PHONY: format
format: setup  ## Bring all Python and C files into shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(if $(C_FILES),$(BIN)/clang-format -i $(C_FILES))

.PHONY: clean
clean:  ## Remove everything that was built, the virtual environment too
	rm -rf $(VENV) $(OUT) build dist hostlib/*.egg-info *.egg-info
	rm -f emulator/nuxemu/_native.c emulator/nuxemu/_native*.so
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis
