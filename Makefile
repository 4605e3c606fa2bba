# make upgrade   install everything, and upgrade the database to head (data/cts.db, or the one in DATABASE_URL)
# make test      install everything, and run all tests, on SQLite and on a PostgreSQL that it starts
# make quick     run a fifth of the tests, on SQLite, in less than a minute
# make coverage  run all tests, and print which lines they cover; takes a third longer
# make lint      ruff, its formatter, mypy, import rules, dead code, and unsafe DDL in new revisions
# make format    let ruff fix what it can
# make torture   inject every fault at every statement of upgrades, downgrades and adoptions; then a chain of random
#                commands, a thousand random legacy databases, and as many chains of changes, on either engine; takes hours
# make benchmark print the measurements of benchmarks/
# make lock      write requirements-dev.lock anew, from the newest versions that pyproject.toml allows
# make clean     remove the environment and every cache (never data/)

PYTHON ?= python3
# More than the two cores of a small machine: a worker waits half of its time for a database.
WORKERS ?= 4
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: upgrade test quick coverage lint format torture benchmark lock clean

upgrade: $(READY)
	$(BIN)/alembic upgrade head

test: $(READY)
	@$(BIN)/python -m tests.support.chromium
	@$(BIN)/python -m compileall -q cts_schema alembic tests  # a hundred programs are started, and each would compile
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

quick: $(READY)
	@$(BIN)/python -m compileall -q cts_schema alembic tests
	$(BIN)/python -m pytest -n 2 --dist worksteal -m quick $(ARGS)

coverage: $(READY)
	@$(BIN)/python -m tests.support.chromium
	$(BIN)/python -m pytest -n $(WORKERS) --cov --cov-report=term $(ARGS)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo --no-cache
	$(BIN)/vulture
	$(BIN)/python -m tools.lint

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

torture: $(READY)
	$(BIN)/python -m tests.faults $(ARGS)
	$(BIN)/python -m tests.faults.chain
	CTS_TEST_EXAMPLES=1000 $(BIN)/python -m pytest -n 2 tests/test_adoption_properties.py tests/test_chains_of_changes.py

benchmark: $(READY)
	$(BIN)/python -m benchmarks

# A list of versions, and not of what to install: another Python or system may need other packages of them.
lock:
	@$(PYTHON) -m venv --clear $(VENV)-lock
	@$(VENV)-lock/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
	@$(VENV)-lock/bin/python -m pip install --quiet --editable . --group dev
	@head -1 requirements-dev.lock > $(VENV)-lock/lock
	@$(VENV)-lock/bin/python -m pip freeze --exclude-editable >> $(VENV)-lock/lock
	@mv $(VENV)-lock/lock requirements-dev.lock
	@rm -rf $(VENV)-lock

# The environment is made anew whenever pyproject.toml or the lock changes. pip must know --group (25.1), which old Pythons' does not.
$(READY): pyproject.toml requirements-dev.lock
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or newer is needed: make PYTHON=python3.12 ...")'
	@echo "setting up $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	@$(BIN)/python -m pip install --quiet --editable . --group dev --constraint requirements-dev.lock
	@touch $(READY)

clean:
	rm -rf $(VENV) dist .coverage .coverage.* .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
