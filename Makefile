# make demo    a real Docker Swarm on this machine, a power cut, and the floating IP that survives it
# make test    every test, the ones on a real Swarm included (root, Debian); LAB_SOCKET_PROXY=1: behind a socket proxy
# make test-newer-engine  some of them on hosts with the Docker engine of Debian 13; all: LAB_ENGINE=trixie make test
# make campaign  faults by chance on a real Swarm, an audit after each: SEED=… ITERATIONS=…
# make bench   what every kind of fault costs a client, into docs/benchmarks.md: TRIALS=…
# make check   what needs no root: linters, types, import contracts, unit and contract tests
# make deploy  the stack on your own Swarm, with the settings of .env and of the shell
SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
STACK ?= keepalived
LAB_NAME ?= keepalived-test
LAB_SUBNET ?= 10.89.0.0/24
LAB_SUBNET_2 ?= 10.189.0.0/24
LAB_SUBNET_3 ?= 10.191.0.0/24
LAB_SUBNET_4 ?= 10.193.0.0/24
export LAB_NAME LAB_SUBNET LAB_SUBNET_2 LAB_SUBNET_3 LAB_SUBNET_4
TEST_LAB := --name $(LAB_NAME) --subnet $(LAB_SUBNET)
# Options of the demo's own lab, for one beside another: DEMO_LAB="--name second --subnet 10.86.0.0/24"
DEMO_LAB ?=

.PHONY: help
help:
	@sed -n 's/^# make /make /p' Makefile

# --- tools ---------------------------------------------------------------------------------------

# Debian's own Python comes without venv (and small systems without Python): installed here.
define NEED_PYTHON
$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
    [ "$$(id -u)" = 0 ] || { echo "Python or its venv module is missing: apt-get install python3-venv, or run make as root." >&2; exit 1; }; \
    command -v apt-get >/dev/null || { echo "Python 3.11 or newer with its venv module is needed." >&2; exit 1; }; \
    apt-get -o DPkg::Lock::Timeout=300 update && \
    DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends python3-venv; }; \
$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed." >&2; exit 1; }
endef

# Every package is pinned in constraints.txt, so nothing else makes the tools stale.
$(READY): constraints.txt
	@$(NEED_PYTHON)
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/pip install --quiet -c constraints.txt setuptools
	$(BIN)/pip install --quiet --no-build-isolation -c constraints.txt -e '.[dev]'
	@touch $@

# --- checks and tests ----------------------------------------------------------------------------

.PHONY: lint check
lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

check: lint
	$(BIN)/pytest -m 'not swarm and not lab and not fuzz'

.PHONY: format
format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: test
test: root $(READY)
	@$(BIN)/python -m tests.side_by_side

# What an engine can break: the roll-out, the float's container, events, the farewell, and a node that dies.
.PHONY: test-newer-engine
test-newer-engine: root $(READY)
	@trap 'status=$$?; $(BIN)/python -m tests.lab $(TEST_LAB) down || status=1; exit $$status' EXIT; \
	LAB_ENGINE=trixie $(BIN)/pytest -m smoke tests/swarm

.PHONY: campaign bench
campaign: root $(READY)
	@$(BIN)/python -m tests.campaign $(if $(SEED),--seed $(SEED)) $(if $(ITERATIONS),--iterations $(ITERATIONS)) $(ARGS)

bench: root $(READY)
	@$(BIN)/python -m tests.bench.buoy_load --write docs/benchmarks-buoy.md
	@$(BIN)/python -m tests.bench $(if $(TRIALS),--trials $(TRIALS)) $(ARGS)

.PHONY: root
root:
	@[ "$$(uname -s)" = Linux ] && [ "$$(id -u)" = 0 ] || { \
	    echo "This needs root on Linux: the lab's hosts are namespaces, each with a Docker engine." >&2; exit 1; }

# --- the lab -------------------------------------------------------------------------------------

.PHONY: demo demo-down
demo demo-down: root
	@$(NEED_PYTHON)
	@$(PYTHON) -m tests.lab $(DEMO_LAB) $(if $(filter demo,$@),demo,down)

# --- your own Swarm ------------------------------------------------------------------------------

.PHONY: deploy up
up: deploy
deploy:
	@command -v docker >/dev/null || { echo "There is no docker command here." >&2; exit 1; }
	@manager=$$(docker info --format '{{.Swarm.ControlAvailable}}') || { \
	    echo "Docker does not answer (see above)." >&2; exit 1; }; \
	[ "$$manager" = true ] || { \
	    echo "This Docker is not a manager of a Swarm: run make on one, or point DOCKER_HOST at one." >&2; exit 1; }
	@set -a; . ./.env; set +a; \
	[ -n "$$KEEPALIVED_VIRTUAL_IPS" ] || { \
	    echo "KEEPALIVED_VIRTUAL_IPS is not set: put the floating IP into .env, or type make deploy KEEPALIVED_VIRTUAL_IPS=192.168.1.100" >&2; exit 1; }; \
	docker stack deploy -c docker-compose.yml $(STACK) --prune

.PHONY: clean
clean:
	rm -rf $(VENV) build dist reports *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
