# Everything that is done here, in one word each. Needs Python >= 3.11 and make; the first time also a network.

PYTHON ?= python3
UV     := .tools/bin/uv
READY  := .venv/.ready
RUN    := $(UV) run --frozen --no-sync
PYTEST := $(RUN) pytest

export PATH := $(CURDIR)/.tools/bin:$(PATH)

.DEFAULT_GOAL := help
.PHONY: help setup demo fhir-server test fast check format docs stories demo-patients coverage fuzz bench wheel clean

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*##/\1 -/p' $(MAKEFILE_LIST)

setup: $(READY)  ## a virtual environment with exactly the locked versions

demo: $(READY)  ## run the service with demonstration patients
	$(RUN) cds serve --demo

fhir-server: $(READY)  ## a HAPI FHIR server in memory, on http://127.0.0.1:8081/fhir (Java 17, Maven)
	$(RUN) python -m tests.clients.fhir_server 8081

test: $(READY)  ## all tests, in parallel
	$(PYTEST) -n auto

fast: $(READY)  ## the tests that take no longer than a second each
	$(PYTEST) -n auto -m "not slow"

check: $(READY)  ## lint, format, types, which room may import which, knowledge, documentation
	$(RUN) ruff check
	$(RUN) ruff format --check
	$(RUN) mypy
	$(RUN) lint-imports
	$(RUN) cds rules check
	$(PYTEST) -q tests/docs

coverage: $(READY)  ## branch coverage of reasoning/ and cards/: 100 %, every exemption has its reason beside it
	$(PYTEST) -q -n auto tests/unit/reasoning tests/unit/cards tests/rules \
	  --cov=cds.reasoning --cov=cds.cards --cov-branch --cov-report=term-missing:skip-covered --cov-fail-under=100

format: $(READY)  ## put the code into shape
	$(RUN) ruff check --fix
	$(RUN) ruff format

docs: $(READY)  ## write what is generated in docs/ and the README
	$(RUN) python -m scripts.docs

stories: $(READY) demo-patients  ## write tests/stories/ again: read the difference before you commit it
	$(RUN) python -m scripts.stories

demo-patients: $(READY)  ## write profiles/examples/demo/ from scripts/demo/
	$(RUN) python -m scripts.demo_patients

fuzz: $(READY)  ## ask ten minutes (of processor time) of questions that nobody should ask
	nice -n 10 $(RUN) python -m tests.fuzz 10

bench: $(READY)  ## what a request costs, against the floor and against a peer; what fetching, trust and memory add
	$(RUN) python -m benchmarks.run
	$(RUN) python -m benchmarks.fetching
	$(RUN) python -m benchmarks.trust
	$(RUN) python -m benchmarks.memory

wheel: $(READY)  ## dist/*.whl, with rules and profiles inside
	$(UV) build --wheel --quiet

clean:
	rm -rf .venv .tools dist

$(READY): pyproject.toml uv.lock $(UV)
	$(UV) sync --frozen --quiet
	@touch $@

$(UV):
	$(PYTHON) -m venv .tools
	.tools/bin/python -m pip install --quiet --disable-pip-version-check "uv>=0.13"
