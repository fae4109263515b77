# The two commands: `make demo` and `make test`. Each sets up all that it needs in .tox/.
TOX := .tox/bootstrap/bin/tox
LOCKS := requirements/tools.txt requirements/emulator.txt requirements/algorithms.txt
PROJECTS := tox.ini pyproject.toml localstack/pyproject.toml docker/pyproject.toml

.PHONY: demo test setup clean

demo: setup ## Run the whole workflow on this machine: make demo ARGS="--archive FILE --keep"
	@.tox/tools/bin/scones demo $(ARGS)

test: setup ## Run every check and test
	@$(TOX) run $(ARGS)

setup: .tox/.ready ## Create the three Python environments

clean: ## Remove the environments; your state folder (.scones/) stays
	rm -rf .tox

$(TOX): requirements/bootstrap.txt requirements/bootstrap.sh
	@requirements/bootstrap.sh
	@touch $@

.tox/.ready: $(TOX) $(LOCKS) $(PROJECTS)
	@echo "Setting up three Python environments (once) ..."
	@$(TOX) run --quiet --notest -e tools,emulator,algorithms
	@touch $@
