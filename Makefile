# The whole developer interface: make setup | demo | check | test | bench
SHELL := /bin/bash
VENV := .venv
PY := $(VENV)/bin/python
STAMP := $(VENV)/.set-up

.PHONY: setup demo check test bench lock clean

setup: $(STAMP)

$(STAMP): requirements.lock pyproject.toml tools/set_up.sh
	@tools/set_up.sh $(VENV)
	@touch $@

demo: setup
	@tools/demo.sh $(VENV)

check: setup
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	LIANFANG_FOLDER=$(VENV)/check $(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

test: setup
	@tools/test_needs.sh
	@tools/test.sh $(VENV)

bench: setup
	$(PY) -m benchmarks

lock:
	@tools/lock.sh

clean:
	rm -rf $(VENV) demo build dist
