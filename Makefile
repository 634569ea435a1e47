# make demo   installs everything and searches the quickstart's strategy
# make test   installs everything and runs the tests that are run often
# make test-all  runs every test: those with containers, benchmarks, and the long ones too
# make fuzz   kills runs with SIGKILL at 30 seeded moments and resumes them; FUZZ=200 does 200
# make mutants  breaks every plugin in ten ways and more; its kit must notice each
# make test-docker  runs the tests with containers
# make check  lints, checks the format and the types
# make docs   installs everything and builds the documentation's site in site/, warnings as errors
# make bench  installs everything, measures speed, and refreshes docs/explanation/speed.md

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# As many processes as there are processors; one that has no tests left takes some of another's.
PYTEST := $(BIN)/python -m pytest -q -n auto --dist worksteal
CSHARP := harness/csharp tests/csharp tests/lean_real benchmarks/regression
DISTRIBUTIONS := . harness/python $(sort $(wildcard plugins/*)) meta
# Where a folder of wheels is named, or the one beside this checkout exists, pip installs from it
# alone; tests that run pip inherit that.
WHEELS ?= $(wildcard ../shared/wheels)
ifneq ($(WHEELS),)
export PIP_NO_INDEX := 1
export PIP_FIND_LINKS := $(abspath $(WHEELS))
endif
# Compiled files are kept: else each process that runs tests compiles all of them again.
unexport PYTHONDONTWRITEBYTECODE
EDITABLE := $(foreach dist,$(DISTRIBUTIONS),-e ./$(dist))

# How many, and the number of the first.
FUZZ ?= 30
FUZZ_FROM ?= 0

.PHONY: demo test test-all fuzz mutants test-docker docs docs-refresh docs-pictures bench check format wheels clean

demo: $(VENV)/.installed
	$(BIN)/leanopt run examples/quickstart/pipeline.toml

test: $(VENV)/.installed $(VENV)/.bench $(VENV)/.docs
	$(PYTEST) $(ARGS)

test-all: $(VENV)/.installed $(VENV)/.bench $(VENV)/.docs
	HYPOTHESIS_PROFILE=ci $(PYTEST) -m "not mutants" $(ARGS)

fuzz: $(VENV)/.installed
	FUZZ=$(FUZZ) FUZZ_FROM=$(FUZZ_FROM) $(PYTEST) -m "" tests/fuzz $(ARGS)

mutants: $(VENV)/.installed $(VENV)/.bench
	$(PYTEST) -m "mutants or long" tests/testing/test_mutants.py $(ARGS)

test-docker: $(VENV)/.installed $(VENV)/.bench
	$(BIN)/python -m pytest -q -m "" tests/docker $(ARGS)

docs: $(VENV)/.installed $(VENV)/.docs
	$(BIN)/python docs/generate.py --check
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

# Writes into the references what the code says.
docs-refresh: $(VENV)/.installed
	$(BIN)/python docs/generate.py

# Draws the pictures again; one shows a real run.
docs-pictures: $(VENV)/.installed
	$(BIN)/python docs/pictures.py

bench: $(VENV)/.installed $(VENV)/.bench
	$(BIN)/python benchmarks/everything.py docs/explanation/speed.md $(ARGS)

check: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	if command -v dotnet >/dev/null; then for folder in $(CSHARP); do \
		dotnet format whitespace $$folder --folder --verify-no-changes || exit 1; done; fi

format: $(VENV)/.installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	if command -v dotnet >/dev/null; then for folder in $(CSHARP); do \
		dotnet format whitespace $$folder --folder || exit 1; done; fi

wheels: $(VENV)/.installed
	rm -rf dist
	for dist in $(DISTRIBUTIONS); do \
		$(BIN)/python -m build --wheel --no-isolation --outdir dist $$dist || exit 1; done

$(VENV)/.installed: constraints.txt requirements-dev.txt $(foreach dist,$(DISTRIBUTIONS),$(dist)/pyproject.toml)
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; name one with: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt hatchling editables build
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --no-build-isolation \
		$(EDITABLE) --requirement requirements-dev.txt
	touch $@

$(VENV)/.bench: constraints.txt requirements-bench.txt | $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --requirement requirements-bench.txt
	touch $@

$(VENV)/.docs: constraints.txt requirements-docs.txt | $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --requirement requirements-docs.txt
	touch $@

clean:
	rm -rf $(VENV) dist site
