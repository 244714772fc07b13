# make run      open gradscope on the tutorial demo (first sets up .venv)
# make test     check everything: style, types, imports, tests
# make bench    measure speed; nothing is judged
#
# Variables: PYTHON=python3.12 chooses the interpreter that .venv is made with; VENV=DIR uses another
# virtual environment, such as one that holds your torch; VENV_FLAGS=--system-site-packages lets a
# new .venv see the torch of its interpreter; ARGS="run train.py" goes to gradscope.

VENV       = .venv
BIN        = $(VENV)/bin
PYTHON     =
VENV_FLAGS =
ARGS       =

# A stamp is named after what was installed, so that a change of pyproject.toml installs again.
SUM     := $(firstword $(shell cksum pyproject.toml))
RUNS     = $(VENV)/.runs-$(SUM)
DEVELOPS = $(VENV)/.develops-$(SUM)

.PHONY: run test bench

run: $(RUNS)
	@$(BIN)/gradscope $(ARGS)

test: $(DEVELOPS)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	MYPYPATH=demos $(BIN)/mypy demos/*.py
	$(BIN)/lint-imports
	$(BIN)/pytest

bench: $(DEVELOPS)
	$(BIN)/python tests/bench/chart.py
	$(BIN)/python tests/bench/cost.py
	$(BIN)/python tests/bench/keys.py

# Beside a torch that was there before, torchvision is left out: pip would replace torch to fit it.
$(RUNS): | $(BIN)/pip
	@if $(BIN)/python -c 'import sys; from importlib.util import find_spec as find; \
	  sys.exit(find("torch") is not None and find("torchvision") is None)'; \
	then echo "Installing into $(VENV). The usual build of torch is 5 GB: a minute or two."; \
	  $(BIN)/python -m pip install --editable '.[demos]'; \
	else $(BIN)/python -m pip install --editable .; fi
	@touch $@

# --group needs a pip of 2025.
$(DEVELOPS): $(RUNS)
	@$(BIN)/python -m pip install 'pip>=25.1'
	@$(BIN)/python -m pip install --group dev
	@touch $@

# Names alone prove nothing: version switchers leave commands that only say what is missing.
CANDIDATES = $(or $(PYTHON),python3 python3.13 python3.12 python3.11 python3.14 python)

$(BIN)/pip:
	@for python in $(CANDIDATES); do \
	  $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 || continue; \
	  if ! $$python -c 'import ensurepip, venv' >/dev/null 2>&1; then \
	    echo "$$python cannot make virtual environments: install its venv module first" >&2; \
	    echo "(on Debian and Ubuntu: apt install python3-venv)" >&2; exit 1; \
	  fi; \
	  echo "Making $(VENV) with $$python"; \
	  exec $$python -m venv $(VENV_FLAGS) $(VENV); \
	done; \
	echo "gradscope needs Python 3.11 or newer. Tried without success: $(CANDIDATES)." >&2; \
	echo "Install one, or say where it is: make run PYTHON=/path/to/python3.12" >&2; exit 1
