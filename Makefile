# What people type. Each target says its purpose after ##; `make help` prints them. Holds no logic of the product.
SHELL := /bin/bash
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

CLIPSTREAM_CACHE ?= $(HOME)/.cache/clipstream
export CLIPSTREAM_CACHE
# The interpreter is the machine's own 3.11: uv must not fetch another from elsewhere.
export UV_PYTHON_DOWNLOADS := never

UV_VERSION := 0.13.9
UV_HOME := $(CLIPSTREAM_CACHE)/uv-$(UV_VERSION)
UV := $(shell uv --version >/dev/null 2>&1 && echo uv || echo $(UV_HOME)/bin/uv)
BIN := .venv/bin
READY := .venv/.ready
WEB := api/web/app/index.html
WEB_SOURCES := web/index.html web/package-lock.json web/tsconfig.json web/vite.config.ts api/web/theme.css $(shell find web/src -type f -not -name schema.d.ts)
VIDEO ?= demo/physicsworks_lecture.webm
OUT ?= out/demo
PYTEST := $(BIN)/python -m pytest
# Two processes: contract tests in one, end-to-end tests in the other, and each takes files of unit tests when it is done.
BESIDE := -n 2 --dist loadscope
# Of what uv says: a line for each large download, and every error.
TERSE := s/^ *Downloading (.*)/  fetching \1/; /^ *([-+~] |Downloaded|Buil|Prepared|Uninstalled|Installed|Resolved|Audited|Checked|Bytecode|Using|Creating|warning: Decl)/d

# `make test ONLY=tests/cli` runs these tests alone; without it, all of them.
ONLY ?= tests

.PHONY: help setup web demo test packages lint fmt hooks unit coverage contract e2e bench bench-hour soak soak-api gallery clean

help:  ## this list
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## */\1\t/' | expand -t 12

setup: $(READY)  ## the Python environment, from the lock file; installs uv aside if there is none

$(READY): pyproject.toml uv.lock
	@if [ "$(UV)" != uv ] && [ ! -x "$(UV)" ]; then \
	  command -v python3.11 >/dev/null || { echo "clipstream needs Python 3.11: \`apt-get install python3.11-venv\`" >&2; exit 1; }; \
	  echo "fetching uv $(UV_VERSION), once (20 MB), into $(UV_HOME)"; \
	  rm -rf "$(UV_HOME).partial" && mkdir -p "$(CLIPSTREAM_CACHE)" && \
	  python3.11 -m venv "$(UV_HOME).partial" && \
	  "$(UV_HOME).partial/bin/python" -m pip install --quiet --disable-pip-version-check "uv==$(UV_VERSION)" && \
	  mv "$(UV_HOME).partial" "$(UV_HOME)" || \
	  { echo "uv could not be fetched: mend the network, or \`apt-get install python3-venv python3-pip\`, and run again" >&2; exit 1; }; \
	fi
# Compiled once, as pip does: a stack is twenty Pythons, and where PYTHONDONTWRITEBYTECODE is set each would do it again.
	@[ -d .venv ] || echo "to fetch, once: the Python environment, up to 590 MB (1.9 GB on disk), each file checked against uv.lock"
	@set -o pipefail; $(UV) sync --locked --compile-bytecode 2>&1 | sed -uE '$(TERSE)' || \
	  { echo "the environment could not be made: see the lines above; \`make clean\` begins anew" >&2; exit 1; }
	@touch $@

web: $(WEB)  ## the web app, from web/ into api/web/app; needs Node 20 with npm

web/node_modules/.ready: web/package-lock.json
	@command -v npm >/dev/null || { echo "the web app is built by Node 20 with npm, and there is none: \`apt-get install nodejs npm\`" >&2; exit 1; }
	@[ -d web/node_modules ] || echo "fetching what builds the web app, once (120 MB on disk), each package checked against web/package-lock.json"
	@npm ci --prefix web --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null
	@touch $@

$(WEB): $(WEB_SOURCES) api/openapi.json web/node_modules/.ready
	@echo "building the web app"
	@cd web && npm run --silent schema >/dev/null && npm run --silent check && npm run --silent build -- --logLevel warn
	@touch $@

# Without Node the demo goes on: all but the web app is there, and `clipstream up` says so.
demo: setup  ## clips of the shipped lecture, end to end; VIDEO=path OUT=dir for your own
	@$(MAKE) web || true
	@$(BIN)/clipstream demo "$(VIDEO)" --out "$(OUT)"

# Lint first, but the runner's closing line is the last one whatever lint says; both count.
test: setup packages web  ## everything: lint, unit, contract and end-to-end tests on the real stack; ONLY=path for some
	@$(MAKE) lint; lint=$$?; $(PYTEST) -q $(BESIDE) $(ONLY); tests=$$?; exit $$(( tests ? tests : lint ))

# The tests of the image build Debian's own root, those of compose start its proxy; a person's consent is a browser's.
packages:
	@if [ "$$(id -u)" = 0 ] && ! { command -v mmdebstrap && command -v nginx && command -v chromium; } >/dev/null; then \
	  echo "installing mmdebstrap, nginx-light and chromium, once: tests build the image, start its proxy, open pages"; \
	  { apt-get update && apt-get install --yes --no-install-recommends mmdebstrap nginx-light chromium; } >/dev/null 2>&1 || \
	  echo "they could not be installed: mend the network, or \`apt-get install mmdebstrap nginx-light chromium\`" >&2; fi

lint: setup  ## ruff, format, mypy --strict, layers
	@code=0; for check in "ruff check ." "ruff format --check ." "mypy" "lint-imports"; do \
	  $(BIN)/$$check || { code=1; echo "lint: \`$$check\` found something" >&2; }; done; exit $$code

fmt: setup  ## format the code, and mend what ruff can
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

hooks: setup  ## run lint and regenerate what is generated before each commit
	@$(BIN)/pre-commit install

unit: setup  ## the tests that need no server
	@$(PYTEST) -q $(BESIDE) tests --ignore=tests/contract --ignore=tests/e2e

coverage: setup  ## what the unit tests reach, in percent, and the thirty files that they reach least
	@$(PYTEST) -q $(BESIDE) --cov --cov-report= tests --ignore=tests/contract --ignore=tests/e2e; code=$$?; \
	  $(BIN)/coverage report --sort=cover | head -32; echo "all: $$($(BIN)/coverage report --format=total) %"; exit $$code

contract: setup  ## each port on its real server
	@$(PYTEST) -q tests/contract

e2e: setup  ## the whole stack
	@$(PYTEST) -q tests/e2e

bench: setup  ## what we claim, measured beside a peer or a limit in the same run; needs ffmpeg
	@command -v ffmpeg >/dev/null && command -v ffprobe >/dev/null || \
	  { echo "the benchmarks measure beside ffmpeg and there is none: \`apt-get install ffmpeg\`" >&2; exit 1; }
	@$(BIN)/python -m benchmarks

bench-hour: setup  ## an hour of 1080p to ten captioned clips, with what it took
	@$(BIN)/python -m benchmarks.system.hour_clips

soak: setup  ## all promises in their long form: an hour of faults, each promise's tests, rows per table under load, generated requests; SOAK_MINUTES=n for less
	@$(BIN)/python -m benchmarks.soak --minutes $(or $(SOAK_MINUTES),60)

soak-api: setup  ## more than 20,000 generated requests to the API, with a project in every state; CASES=n of each operation
	@CLIPSTREAM_TEST_GENERATED="$(or $(CASES),120)" $(PYTEST) -q -s tests/contract/generated

gallery: setup  ## contact sheets of clips from all shared media, on one page
	@$(BIN)/python -m benchmarks.gallery

clean:  ## stop this clone's stack, remove its data, the environment and what was made; the download cache stays
	@if [ -x $(BIN)/clipstream ] && [ -d .clipstream ]; then $(BIN)/clipstream reset; fi
	@rm -rf .venv out web/node_modules api/web/app .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
