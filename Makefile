# Two commands do all the set-up: `make demo` and `make test`. Everything is installed into .venv/.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed

.PHONY: demo test lint types bench clean help

help:  ## say what there is
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 8

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Standings needs Python 3.11 or newer; set PYTHON=")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[worker,dev]'
	touch $@

demo: $(STAMP)  ## evaluate three real models on the quick suite and show the leaderboard
	$(BIN)/standings demo

test: $(STAMP) lint  ## pass all the tests
	$(BIN)/python -m pytest -n 2 --dist loadfile

lint: $(STAMP)  ## ruff, mypy, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(STAMP)  ## measure what benchmarks/README.md claims
	$(BIN)/python -m benchmarks

clean:  ## remove what was made, but for the environment
	rm -rf .standings build dist
