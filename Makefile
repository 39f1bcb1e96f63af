# make run: install everything and compare all strategies; make test: all tests; make quick: those that take no seconds;
# make check: style, types, import contracts; make docs: the documentation as a site, in site/.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

# What some tests look at their subject with: a browser, LaTeX, a tracer of system calls. They are skipped without.
TOOLS := chromium chromium-driver fonts-dejavu-core strace texlive-latex-recommended

.PHONY: run test quick check docs format clean tools

run: $(VENV)/.installed
	$(BIN)/harness run --strategies all

test: $(VENV)/.installed-dev tools
	$(BIN)/python -m pytest -n auto

quick: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -n auto -m "not slow"

tools:
	@( for tool in chromium chromedriver strace pdflatex; do command -v $$tool || exit 1; done ) >/dev/null \
	  || { test "$$(id -u)" = 0 && apt-get update && apt-get install -y --no-install-recommends $(TOOLS); } >/dev/null 2>&1 \
	  || echo "Tests that need one of $(TOOLS) are skipped: on Debian, root can install them."

check: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(VENV)/.installed-docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "open site/index.html"

format: $(VENV)/.installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; name it: make run PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) --editable '.[offline]'
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(INSTALL) --editable '.[offline,dev]'
	touch $@

$(VENV)/.installed-docs: $(VENV)/.installed
	$(INSTALL) --editable '.[offline,docs]'
	touch $@

clean:
	rm -rf $(VENV) site build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
