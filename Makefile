# The commands: `make demo`, `make test`, `make images`. Each sets up all that it needs in .tox/.
TOX := .tox/bootstrap/bin/tox
LOCKS := requirements/tools.txt requirements/emulator.txt requirements/algorithms.txt requirements/web.txt
PROJECTS := tox.ini pyproject.toml localstack/pyproject.toml docker/pyproject.toml

# The images that ours begin with; docker-compose.yml reads the same two variables.
SCONES_PYTHON311_IMAGE ?= python:3.11-slim-bookworm
SCONES_PYTHON313_IMAGE ?= python:3.13-slim-trixie
BUILD := docker build --quiet

.PHONY: demo test images setup clean

demo: setup ## Run the whole workflow on this machine: make demo ARGS="--archive FILE --keep"
	@.tox/tools/bin/scones demo $(ARGS)

test: setup ## Run every check and test, as many at a time as there are cores; or: make test ARGS="-e tools"
	@rm -f .tox/not-run.txt
	@$(TOX) $(if $(ARGS),run $(ARGS),run-parallel)
	@[ ! -f .tox/not-run.txt ] || cat .tox/not-run.txt

images: ## Build the five container images (needs Docker)
	$(BUILD) -t scones/image-classification -f docker/Dockerfile --build-arg BASE_IMAGE=$(SCONES_PYTHON311_IMAGE) .
	$(BUILD) -t scones/localstack --target localstack -f localstack/Dockerfile --build-arg BASE_IMAGE=$(SCONES_PYTHON313_IMAGE) .
	$(BUILD) -t scones/sagemaker --target sagemaker -f localstack/Dockerfile --build-arg BASE_IMAGE=$(SCONES_PYTHON313_IMAGE) .
	$(BUILD) -t scones/tools --target tools --build-arg BASE_IMAGE=$(SCONES_PYTHON313_IMAGE) .
	$(BUILD) -t scones/site --target site --build-arg BASE_IMAGE=$(SCONES_PYTHON313_IMAGE) .

setup: .tox/.ready ## Create the Python environments

clean: ## Remove the environments; your state folder (.scones/) stays
	rm -rf .tox

$(TOX): requirements/bootstrap.txt requirements/bootstrap.sh
	@requirements/bootstrap.sh
	@touch $@

.tox/.ready: $(TOX) $(LOCKS) $(PROJECTS)
	@echo "Setting up Python environments (once) ..."
	@$(TOX) run --quiet --notest -e tools,emulator,algorithms,web
	@# An environment that was there before keeps the entry points of its day.
	@for pair in tools:. emulator:localstack algorithms:docker web:.; do \
	    .tox/bootstrap/bin/uv pip install --quiet --no-deps \
	        --python .tox/$${pair%:*}/bin/python --editable $${pair#*:} || exit 1; \
	done
	@touch $@
