# The two commands of a newcomer are `make serve` and `make test`; both set up what they need.
PYTHON ?= python3
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
export NO_MKDOCS_2_WARNING := 1

.PHONY: serve test test-all build book verify lint clean
.DEFAULT_GOAL := help

help:
	@echo "make serve   the site, live, on http://127.0.0.1:$(PORT)/ (PORT= changes it)"
	@echo "make test    every value, page and part of the engine, checked on all cores;"
	@echo "             make test K=tensors: what concerns one chapter"
	@echo "make test-all   the rest: every variant of what make test tries a sample of"
	@echo "make build   the site, strictly, into site/"
	@echo "make book    the same, with the book as PDF and EPUB (needs a Chromium)"
	@echo "make verify  the values alone"
	@echo "make lint    format, lint and types"
	@echo "make clean   what the others made"

# One stamp for the environment: made again only when the requirements change.
READY := $(VENV)/ready
$(READY): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Précis needs Python 3.11 or later, and $(PYTHON) is " + sys.version.split()[0] + ": make PYTHON=python3.x") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX)) -r requirements.txt
	@touch $@

serve: $(READY)
	$(BIN)/mkdocs serve --dev-addr 127.0.0.1:$(PORT)

# Many failures have one cause: more than 30 are not waited for.
PYTEST := $(BIN)/pytest --maxfail 30 --durations 10

# The tests that know pages by name.
OF_PAGES := snippets docs tests/content tests/site

# Wrong values are said at once; what runs here need not run again in the tests.
test: $(READY)
	$(BIN)/precis verify
	$(PYTEST) $(if $(K),$(OF_PAGES) -k "$(K)",-n auto) -m "not exhaustive"

test-all: $(READY)
	$(PYTEST) -n auto -m exhaustive

build: $(READY)
	$(BIN)/mkdocs build --strict

# The home page links to both files; a site without them has no such link.
book: $(READY)
	PRECIS_BOOK=1 $(BIN)/mkdocs build --strict
	PYTHONPATH=tools $(BIN)/python -m book site

verify: $(READY)
	$(BIN)/precis verify

lint: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

clean:
	rm -rf $(VENV) .precis site .site.* .pytest_cache .mypy_cache .ruff_cache *.egg-info
