# Two commands do everything: `make profile` measures on this machine, `make test` runs the tests.
PYTHON ?= python3
BIN    := .venv/bin
READY  := .venv/.ready

.PHONY: help profile test fuzz lint format gpu gpu-kit gpu-results clean

help:  ## List the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 13

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[local,dev]'
	touch $(READY)

profile: $(READY)  ## Build, check and bench on this machine (no GPU, no SSH needed); prints the report's path
	$(BIN)/orchestrator profile --host local

# Three at a time on two cores: many tests wait for a process or a link. In the order of the files,
# as else the few long ones, which wait most, all come last.
test: $(READY)  ## Install what the tests need (sshd, compiler), then run them all
	.ci/prepare
	$(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder

fuzz: $(READY)  ## Damage 20,000 run files and read each in every way; COUNT=, SEED= change that
	$(BIN)/python -m tests.fuzz --count $(or $(COUNT),20000) --seed $(or $(SEED),1)

lint: $(READY)  ## ruff, mypy --strict, import-linter, sizes of files and folders
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m benchmarks.house

format: $(READY)  ## Let ruff format and mend what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

gpu:  ## On a machine with a Hopper GPU: first light, then the rest; 12 minutes, no network (.ci/gpu)
	@.ci/gpu first && .ci/gpu rest

gpu-kit:  ## Gather in wheelhouse/ what `make gpu` needs where there is no network
	@PYTHON=$(PYTHON) .ci/gpu-kit

gpu-results: $(READY)  ## FROM='gpu-first.tgz gpu-rest.tgz': runs, figures, README's table in place
	$(BIN)/python -m benchmarks.contact.bring_home $(FROM)

clean:  ## Remove what make and the tools left; runs are kept
	rm -rf .venv .venv-gpu .gpu .mypy_cache .ruff_cache .pytest_cache .import_linter_cache *.egg-info
