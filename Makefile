# Everything starts here: `make help` lists the targets. POSIX sh and GNU make 3.81 or later.

SHELL := /bin/sh
.DELETE_ON_ERROR:

# Which Python makes the environment (default: the first on the PATH that fits), and where it goes.
PYTHON ?=
VENV ?= .venv
# An index to take torch alone from, for example one of CPU-only builds.
TORCH_INDEX_URL ?=
export PYTHON VENV TORCH_INDEX_URL

# What `make train` trains, and further flags for the tool that a target runs.
CONFIG ?= configs/hg2_synthetic_128.py
LEVEL ?= 1
ARGS ?=

NOTEBOOK = docs/notebooks/own_points.ipynb
RUN = "$(VENV)/bin/python"
# Each process computes on one thread: the tests run side by side instead.
PYTEST = OMP_NUM_THREADS=1 $(RUN) -m pytest -n auto --maxprocesses 4 $(ARGS)
# glibc gives large activations back to the system at every step and takes them again, page by page:
# keeping them is about a tenth faster on a CPU.
KEEP_MEMORY = MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=100000000000
SYNTHETIC = data/synthetic/level$(LEVEL)
SCRIPTS = $(wildcard tools/*.sh tools/dev/*.sh) .ci/run

.PHONY: help
help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' Makefile
	@echo
	@echo "  Variables: CONFIG=$(CONFIG) LEVEL=$(LEVEL) VENV=$(VENV) PYTHON= TORCH_INDEX_URL= ARGS="

.PHONY: install
install: ## Make the environment in .venv; a second call takes a moment
	@tools/dev/install.sh

.PHONY: train
train: install ## Train and evaluate CONFIG (the default on synthetic people, on a CPU, in minutes)
	@case "$(notdir $(CONFIG))" in \
	  *synthetic2*) $(MAKE) --no-print-directory synthetic LEVEL=2 ;; \
	  *synthetic*) $(MAKE) --no-print-directory synthetic LEVEL=1 ;; \
	esac
	$(KEEP_MEMORY) $(RUN) tools/train.py "$(CONFIG)" --work-dir "work_dirs/$(basename $(notdir $(CONFIG)))" $(ARGS)

# Rendering does nothing where the same people are there. Rendering anew removes the annotations.
.PHONY: synthetic
synthetic: install ## Render the synthetic people of LEVEL, unless it is there
	@$(RUN) tools/render_synthetic.py -o $(SYNTHETIC) --level $(LEVEL)
	@test -d $(SYNTHETIC)/annotations || $(RUN) tools/dataset_converters/mpii.py \
	  $(SYNTHETIC)/mpii_synthetic_v1.mat -o $(SYNTHETIC)/annotations --val $(SYNTHETIC)/val.txt

.PHONY: synthetic-report
synthetic-report: synthetic ## Print how hard the synthetic people of LEVEL are, with a sheet of pictures
	$(RUN) tools/synthetic_report.py $(SYNTHETIC) $(ARGS)

.PHONY: test
test: install ## Run the tests, but for the slow ones
	$(PYTEST) -m "not slow and not openvino"
	$(PYTEST) -m "not slow and openvino"

.PHONY: test-slow
test-slow: install ## Run the slow tests
	$(PYTEST) -m "slow and not openvino"
	$(PYTEST) -m "slow and openvino"

.PHONY: test-all
test-all: test test-slow ## Run every test

# Another count or seed comes in ARGS: make fuzz ARGS="--inputs 1000 --seed 7"
.PHONY: fuzz
fuzz: install ## Let all readers read mutated and hostile files, and report what came of it
	PYTHONPATH="tests:$$PYTHONPATH" OMP_NUM_THREADS=1 $(RUN) -m fuzz -o work_dirs/fuzz $(ARGS)

# Twenty-five kills take some minutes; ARGS="--kills 100 --seed 1" is another soak.
.PHONY: soak
soak: install ## Kill a training at 25 random moments, and compare its end with an undisturbed one
	OMP_NUM_THREADS=1 $(RUN) -W ignore tools/dev/soak.py $(ARGS)

.PHONY: bench
bench: install ## Measure speed and memory against plain implementations, in less than 10 minutes
	$(RUN) tools/benchmark.py all -o work_dirs/benchmark $(ARGS)

# Trainings and their minutes come in ARGS; without them it takes the tests and the tables.
.PHONY: gpu-check
gpu-check: install ## Check a GPU: tests, tables, trainings; goes on where it was cut (docs/speed.md)
	$(RUN) tools/benchmark.py --gpu -o work_dirs/gpu $(ARGS)

.PHONY: lint
lint: install ## Check style, types and that imports run downwards
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) tools/dev/check_loads.py
	$(RUN) -m mypy
	"$(VENV)/bin/lint-imports" --no-cache
	@for script in $(SCRIPTS); do bash -n "$$script" || exit 1; done

.PHONY: format
format: install ## Format the code and apply the linter's safe fixes
	$(RUN) -m ruff check --fix .
	$(RUN) -m ruff format .

.PHONY: docs-tools
docs-tools: install
	@cmp -s requirements/docs.txt "$(VENV)/mmhg-docs.txt" || { \
	  $(RUN) -m pip --disable-pip-version-check install --quiet -r requirements/docs.txt && \
	  cp requirements/docs.txt "$(VENV)/mmhg-docs.txt"; }

# The variable silences an advertisement that the theme prints.
.PHONY: docs
docs: docs-tools ## Build the documentation site into site/; warnings are errors
	NO_MKDOCS_2_WARNING=1 $(RUN) -m mkdocs build $(ARGS)

# On one thread, as on a small machine. The copy has the outputs; the site shows those of docs/notebooks.
.PHONY: notebook
notebook: docs-tools ## Execute the notebook of docs/notebooks in build/notebook; a cell that fails is an error
	rm -rf build/notebook && mkdir -p build/notebook && cp $(NOTEBOOK) build/notebook
	cd build/notebook && PATH="$(abspath $(VENV))/bin:$$PATH" && export PATH && \
	OMP_NUM_THREADS=1 python -m nbconvert --execute --inplace --to notebook \
	  --ExecutePreprocessor.record_timing=False --ExecutePreprocessor.timeout=900 $(notdir $(NOTEBOOK)) && \
	python -m nbconvert --inplace --to notebook --coalesce-streams $(notdir $(NOTEBOOK))

.PHONY: dist
dist: install ## Build the source archive and the wheel into dist/
	$(RUN) -m build --no-isolation $(ARGS)

.PHONY: lock
lock: ## Pin the requirements anew from requirements/*.in (needs uv)
	@tools/dev/lock.sh

.PHONY: clean
clean: ## Remove builds and caches; the environment, data and work_dirs stay
	rm -rf build dist site *.egg-info .pytest_cache .mypy_cache .ruff_cache
	find mmhg tools tests configs -name __pycache__ -type d -exec rm -rf {} +
