# `make` alone lists the targets. HOST, PORT, DATA_DIR, DATABASE_URL, WORKERS … are taken from the environment.
.DEFAULT_GOAL := help
.PHONY: help setup run serve test lint openapi accuracy bench chaos fuzz fuzz-files pims-stub clients docs sbom lock clean
PYTHON_RUN := .venv/bin/python

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## Install what is missing, make .venv, the database and the static files
	@scripts/setup.sh

run: ## Set up, start everything with a demo tenant, send a sample invoice and print the answer
	@scripts/run.sh

serve: setup ## Start web server and workers on HOST:PORT (127.0.0.1:8000) until Ctrl-C
	@exec $(PYTHON_RUN) manage.py serve

test: ## Set up and run the whole test suite
	@scripts/setup.sh --no-database
	@$(PYTHON_RUN) -m pytest -q -n logical --dist loadfile

lint: ## ruff and mypy
	@scripts/setup.sh --no-database
	$(PYTHON_RUN) -m ruff check .
	$(PYTHON_RUN) -m ruff format --check .
	$(PYTHON_RUN) -m mypy .

accuracy: ## Read every document with known truth; table of what was right, HTML report of the misses
	@scripts/setup.sh --no-database
	@$(PYTHON_RUN) -m bench.accuracy $(ARGS)

chaos: ## Kill workers, web server and servers at random while documents are sent; count what was lost
	@scripts/setup.sh --no-database
	@$(PYTHON_RUN) -m bench.chaos --on sqlite $(ARGS)
	@$(PYTHON_RUN) -m bench.chaos --on servers $(ARGS)

bench: ## Measure how fast files are read, beside the bare engine, and how fast the list is at size (ARGS="--sizes 1000 1000000")
	@scripts/setup.sh --no-database
	@$(PYTHON_RUN) -m bench.speed
	@$(PYTHON_RUN) -m bench.listing $(ARGS)

fuzz: ## Try the API against its OpenAPI document with generated requests, good and bad (ARGS="--examples 2000" for more)
	@scripts/setup.sh --no-database
	@$(PYTHON_RUN) scripts/fuzz_api.py $(ARGS)

fuzz-files: ## Send every file below DIR to a server of its own; no answer may be a server error, every file gets a verdict
	@scripts/setup.sh --no-database
	@$(PYTHON_RUN) -m scripts.fuzz_files $(DIR) $(ARGS)

pims-stub: ## Start practice systems to try connections against, on PORT (8900); prints what to enter in the admin
	@scripts/setup.sh --no-database
	@$(PYTHON_RUN) -m tests.pims.stub --port $${PORT:-8900}

clients: ## Write the Python client and the Postman collection of docs/examples from docs/openapi.yaml
	@$(PYTHON_RUN) scripts/make_clients.py

docs: ## Build the documentation into build/site; a warning is an error
	@scripts/setup.sh --no-database
	@NO_MKDOCS_2_WARNING=1 $(PYTHON_RUN) -m mkdocs build --strict --quiet

sbom: ## Write build/sbom.json (CycloneDX) and build/licences.md: what is installed, and under which licences
	@mkdir -p build
	@.venv/bin/cyclonedx-py requirements requirements.lock --output-reproducible --output-file build/sbom.json
	@.venv/bin/pip-licenses --format=markdown --with-urls --output-file build/licences.md

lock: ## Pin every package with its hashes, from requirements.txt and requirements-dev.txt
	@for name in requirements requirements-dev; do \
		{ printf '# Made by "make lock" from %s.txt: %s\n' $$name "$$(cat requirements.txt requirements-dev.txt | cksum)"; \
		.venv/bin/uv pip compile $$name.txt --universal --python-version 3.11 --generate-hashes --no-header --quiet; } \
		> $$name.lock.part && mv $$name.lock.part $$name.lock || exit 1; done

openapi: ## Write docs/openapi.yaml from the code, and the Python client from that
	@$(PYTHON_RUN) manage.py spectacular --validate --fail-on-warn --file docs/openapi.yaml
	@$(PYTHON_RUN) scripts/make_clients.py --python-only

clean: ## Remove the database, the uploads and everything else below DATA_DIR (asks first)
	@printf 'Remove %s with all uploads and the database? [y/N] ' "$${DATA_DIR:-var}"; read answer; [ "$$answer" = y ] && rm -rf "$${DATA_DIR:-var}"
