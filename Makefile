# Everything starts from a bare python3: the bootstrap finds Python 3.11, makes .venv and goes on inside it.
PYTHON ?= python3
BOOTSTRAP := $(PYTHON) -m hotline.setup.bootstrap
BIN := .venv/bin

# Undo a git hook's or another project's choice of environment: ours is .venv.
unexport VIRTUAL_ENV PYTHONPATH PYTHONHOME

.PHONY: run setup test test-long test-asterisk test-centres lint bench lock python

# `exec`: a signal sent to make reaches the supervisor itself.
run: python
	@exec $(BOOTSTRAP) main run --stop-with-parent

setup: python
	@exec $(BOOTSTRAP) main setup

test: python
	@$(BOOTSTRAP) dev setup --for-tests
	@echo "test: ruff" && $(BIN)/ruff check . && $(BIN)/ruff format --check .
	@echo "test: mypy" && $(BIN)/mypy .
	@echo "test: front end" && $(BIN)/python -m hotline.setup.frontend test
	@exec $(BIN)/python tests/in_two_groups.py -m "not long"

# What takes a minute and more of real time: call legs, people in a call, SIPp's callers, RFC 4475.
test-long: python
	@$(BOOTSTRAP) dev setup --for-tests
	@exec $(BIN)/python -m pytest -m long

# Real calls through a real Asterisk in a chroot (root, debootstrap, a Debian mirror; once about two minutes).
test-asterisk: python
	@$(BOOTSTRAP) dev setup --for-tests
	@exec $(BIN)/python -m pytest -s -o timeout=600 tests/asterisk/real_links.py tests/asterisk/real_phone.py

# The main centre is lost, then the secondary: in network namespaces (root; postgresql, redis-server, kamailio, keepalived).
test-centres: python
	@$(BOOTSTRAP) dev setup --for-tests
	@exec $(BIN)/python -m benchmarks.centres --json

lint: python
	@$(BOOTSTRAP) dev
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy .

bench: python
	@$(BOOTSTRAP) dev setup --for-tests
	@exec $(BIN)/python -m benchmarks.all

# The exact versions anew; `make lock UPGRADE=--upgrade` takes the newest that fit.
lock: python
	@exec $(PYTHON) -m hotline.setup.locks $(UPGRADE)

python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 7))' 2>/dev/null || \
	  { echo "$(PYTHON) is missing or older than 3.7: install Python 3.11 (Debian 12: apt-get install python3.11 python3.11-venv), then start again" >&2; exit 1; }
