# Each target is one command from nothing: the first one builds the environment (about 2.5 minutes, 1 GB), later ones find it.
#
#   make test ARGS="-k sinkhorn"     more arguments for the command that is run
#   make compare PYTHON=python3.13   another interpreter, 3.11 or newer
#   make test VENV=.venv-other       another environment beside the first

VENV ?= .venv
PYTHON ?=
ARGS ?=
STEPS ?=
UV ?= $(if $(shell uv --version 2>/dev/null),uv)

.DEFAULT_GOAL := help
.SUFFIXES:
.PHONY: help environment stubs compare tables bench test testall lint docs lock clean rebuild

bin := $(VENV)/bin
pip := $(bin)/python -m pip --disable-pip-version-check --no-input
candidates := $(if $(PYTHON),"$(PYTHON)",python3 python3.14 python3.13 python3.12 python3.11 python /usr/bin/python3)
# Stamps carry a checksum of what they were built from, so that a new branch rebuilds only if that differs. They are
# written last: an environment without its stamp was interrupted, and is built again from the start.
sum = $(shell cat $(1) | cksum | tr ' ' '-')
locked := $(VENV)/.locked-$(call sum,requirements.lock)
installed := $(VENV)/.installed-$(call sum,requirements.lock pyproject.toml)

# An interpreter that is asked for by name wins over an environment of another version.
version = $(shell $(1) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
ifneq ($(PYTHON),)
ifneq ($(call version,"$(PYTHON)"),$(call version,$(bin)/python))
$(locked): rebuild
endif
endif

# VENV is emptied before it is built: not if it is something else's directory.
guard = case "$(notdir $(VENV:/=))" in .venv*) ;; *) \
  if test -e "$(VENV)" && ! test -f "$(VENV)/pyvenv.cfg"; then \
    echo "VENV=$(VENV) exists and is not a virtual environment; name another directory, e.g. VENV=.venv-other" >&2; exit 1; fi;; esac

help: ## say what the targets are
	@echo "make <target> [ARGS=\"...\"] [PYTHON=python3.13] [VENV=.venv]"
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  \1|\2/p' Makefile | awk -F'|' '{ printf "%-14s %s\n", $$1, $$2 }'

compare: $(installed) ## train one generator under every objective; table, pictures and report in results/
	$(bin)/python -m experiments.compare $(ARGS)

tables: $(installed) ## make published tables again, beside the committed ones, with a page of all of them in results/reproduced
	$(bin)/python -m experiments.tables $(ARGS)

bench: $(installed) ## time igm_jax beside every installed peer, then whole steps (STEPS="..."); tables and pictures in results/
	$(bin)/python -m benchmarks.run $(ARGS)
	$(bin)/python -m benchmarks.steps $(STEPS)

# Tests wait for the compiler most of all, which is told to hurry (tests/conftest.py) except at night. A worker that dies is
# not replaced: its test is named and the run ends, where pytest-xdist would wait for ever for what it lost.
pytest = $(bin)/python -m pytest -n logical --maxprocesses 4 --max-worker-restart 0 --dist loadfile
test: $(installed) ## run the tests, but for those that take longest
	$(pytest) -m "not slow" $(ARGS)

testall: $(installed) ## run all tests, compiled as for users
	IGM_TESTS_COMPILE=full $(pytest) $(ARGS)

lint: $(installed) ## check style, format and types; changes nothing
	$(bin)/ruff check
	$(bin)/ruff format --check
	$(bin)/pyrefly check --python-interpreter-path $(bin)/python

docs: $(installed) ## build the documentation site in build/docs, without a network; warnings are errors
	mkdir -p build/docs-source
	PYTHONPATH="$(CURDIR)" $(bin)/python -m sphinx -W --keep-going -E -q -b html -c docs -d build/docs-doctrees build/docs-source build/docs $(ARGS)
	@echo "open build/docs/index.html, or serve it: $(bin)/python -m http.server --directory build/docs"

environment: $(installed) ## build the environment and nothing else

stubs: $(installed) ## write igm_jax/objectives/__init__.pyi anew from the modules' __all__
	$(bin)/python -m tests.stubs

lock: $(if $(UV),,$(installed)) ## write requirements.lock anew from pyproject.toml; ARGS=--upgrade takes newer versions
	@test -n "$(UV)" || { $(bin)/python -m venv build/uv && build/uv/bin/python -m pip install --quiet uv; }
	$(or $(UV),build/uv/bin/uv) pip compile pyproject.toml --extra dev --universal --python-version 3.11 \
	    --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links --quiet \
	    -o requirements.lock $(ARGS)

clean: ## remove the environment, caches and build outputs; keeps results/ and runs/
	@$(guard)
	rm -rf -- $(VENV) build dist .pytest_cache .ruff_cache .hypothesis
	find . -name '.venv*' -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

$(locked):
	@set -e; found=; \
	for candidate in $(candidates); do \
	  if "$$candidate" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    found="$$candidate"; break; fi; done; \
	if test -z "$$found"; then \
	  echo "igm_jax needs Python 3.11 or newer with the venv module (Debian and Ubuntu: install python3-venv)." >&2; \
	  for candidate in $(candidates); do "$$candidate" --version 2>/dev/null | sed "s|^|  found $$candidate: |" >&2 || true; done; \
	  echo "Name one that you have: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)" >&2; exit 1; fi; \
	$(guard); \
	echo "Building $(VENV) with $$("$$found" --version) from requirements.lock: about 2.5 minutes, 1 GB"; \
	"$$found" -m venv --clear "$(VENV)"; \
	$(pip) install --quiet --require-hashes --requirement requirements.lock
	@touch $@

$(installed): $(locked)
	@rm -f $(VENV)/.installed-*
	$(pip) install --quiet --no-deps --editable .
	@touch $@
