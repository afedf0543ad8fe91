# Everything that this project does, one target each. `make help` lists them.
SHELL := /bin/bash -euo pipefail
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(READY): requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed; set PYTHON=..."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: install
install: $(READY) ## make .venv with everything pinned in requirements/dev.txt

.PHONY: idp
idp: $(READY) ## install the OpenID provider of demo and tests, and Node if there is none
	@$(BIN)/python -m tools.idp

.PHONY: test
WORKERS ?= 2
test: $(READY) ## all everyday tests, a real Envoy and a real OpenID provider included (WORKERS=2)
	@$(BIN)/python -m tools.idp || { [ -z "$${CI-}" ] && echo "tests that need it are skipped"; }
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile

.PHONY: test-parity
test-parity: $(READY) ## every case in force, through Envoy and through decide, compared to the byte
	$(BIN)/python -m pytest tests/envoy/test_parity.py -s

.PHONY: matrix
matrix: $(READY) ## write tests/matrix/golden.txt anew and say who gained and who lost
	$(BIN)/python -m tests.matrix

.PHONY: hostile
hostile: $(READY) ## every hostile request through a real Envoy: what became of it, as a table
	$(BIN)/python -m tests.hostile

.PHONY: istio-check
istio-check: $(READY) ## istio/ by kustomize, istioctl and a real kube-apiserver (wants Go 1.26; the first build is long)
	$(BIN)/python -m tools.istio.check

.PHONY: istio-proof
istio-proof: $(READY) ## a real istiod runs istio/ in real Envoys, our gate behind (wants Go 1.26; the first build is long)
	$(BIN)/python -m tools.istio.proof

.PHONY: test-crash
N ?= 3
test-crash: WORKERS = 1
test-crash: $(READY) ## kill the gate under load N times a level; no answered decision lacks its record (LEVEL=… WORKERS=2)
	$(BIN)/python -m tests.crash $(N) $(LEVEL) --workers $(WORKERS)

.PHONY: clients
clients: $(READY) ## five real MCP clients after every shape of refusal: what they read, and who lives on (RENEW=1)
	$(BIN)/python -m tools.clients
	$(BIN)/python -m tests.clients $(if $(RENEW),--renew)
	$(BIN)/python -m pytest tests/unit/protocols/test_mcp_complete.py

.PHONY: overload
overload: $(READY) ## twice as many calls as a gate can answer, through a real Envoy: what is answered, how soon
	$(BIN)/python -m bench.overload

.PHONY: reload-load
SECONDS ?= 60
reload-load: $(READY) ## change directory, policies, keys and certificates under a steady load; prints figures
	$(BIN)/python -m tests.reload $(SECONDS)

.PHONY: bench-peers
ROUNDS ?= 5
bench-peers: SECONDS = 2.5
bench-peers: $(READY) ## ours, OPA and plain Go side by side, into bench/results; wants Go 1.26 (QUICK=1 ROUNDS=5 SECONDS=2.5)
	$(BIN)/python -m bench.peers $(if $(QUICK),quick --rounds 2 --seconds 1,--rounds $(ROUNDS) --seconds $(SECONDS))

.PHONY: bench-transport
bench-transport: SECONDS = 1
bench-transport: $(READY) ## grpcio without any work, by threads, connections and keep-alive (ROUNDS=5 SECONDS=1)
	$(BIN)/python -m bench.peers transport --rounds $(ROUNDS) --seconds $(SECONDS)

.PHONY: sabotage
sabotage: $(READY) ## take each wall away in a copy: which test turns red first? (ONLY=… JOBS=2)
	$(BIN)/python -m tools.sabotage --jobs $(or $(JOBS),2) --only '$(ONLY)'

$(VENV)/.fuzzer: requirements/fuzz.txt $(READY)
	$(BIN)/python -m pip install --quiet --no-deps --require-hashes -r $<
	@touch $@

.PHONY: bench
bench: $(READY) ## what our own work costs, as tables and in bench/results (ONLY='stages memory' QUICK=1)
	$(BIN)/python -m bench $(ONLY) $(if $(QUICK),--quick)

.PHONY: cost
cost: $(READY) ## instructions a decision against the baseline; says what got dearer (RENEW=1)
	$(BIN)/python -m bench.cost $(if $(RENEW),--renew)

.PHONY: fuzz
fuzz: $(VENV)/.fuzzer ## every parser of outside bytes under a coverage-guided fuzzer (PARSER=… RUNS=… KEEP=1)
	$(BIN)/python -m tests.fuzz $(PARSER) $(if $(RUNS),--runs $(RUNS)) $(if $(KEEP),--keep)

.pyvoy/.ready: requirements/pyvoy.txt $(READY)
	@rm -rf .pyvoy
	$(BIN)/python -m pip install --quiet --no-deps --require-hashes --target .pyvoy -r $<
	@touch $@

.PHONY: test-front
FRONT ?= pyvoy
FRONT_TESTS := tests/envoy tests/hostile tests/needs tests/process tests/reload
test-front: $(if $(filter pyvoy,$(FRONT)),.pyvoy/.ready) $(READY) ## conformance, hostile, fault and reload tests on a front (FRONT=pyvoy)
	NARROWGATE_FRONT=$(FRONT) $(BIN)/python -m pytest $(FRONT_TESTS)

.PHONY: test-workers
test-workers: $(READY) ## every trap before `authz serve --workers 2`, and workers that go, die and are renewed
	NARROWGATE_TRY_WORKERS=1 $(BIN)/python -m pytest tests/hostile/test_workers.py tests/envoy/test_workers.py tests/process/test_workers.py

.PHONY: demo
demo: $(READY) $(if $(filter oidc-provider,$(IDP)),idp) ## Envoy, the gate, a tool and two agents: eleven scenes (KEEP=1 keeps it running; IDP=oidc-provider)
	$(BIN)/python -m examples.demo $(if $(KEEP),--keep) $(if $(IDP),--idp $(IDP))

.PHONY: dashboard-check
dashboard-check: $(READY) idp ## ask each expression of dashboard and alerts of the running demo; wants Go the first time
	$(BIN)/python -m tools.observed

.PHONY: demo-verify
demo-verify: $(READY) ## check the token of `make demo` with a second JOSE library
	$(BIN)/python -m examples.demo.verify

.PHONY: container-check
container-check: $(READY) ## Dockerfile and docker-compose.yml without containers: each step, each service, two calls
	$(BIN)/python -m tools.container

.PHONY: walkthrough
walkthrough: $(READY) ## follow README, CONTRIBUTING and docs in a fresh clone (PAGES='README.md docs/why.md')
	$(BIN)/python -m tools.walkthrough $(PAGES)

.PHONY: package
package: $(READY) ## build the sdist and the wheel into dist/
	@$(BIN)/python -m tools.package

.PHONY: package-check
package-check: $(READY) ## install the wheel with each Python there is, follow a page with it, send it Checks
	@$(BIN)/python -m tools.package --check

.PHONY: lint
lint: $(READY) ## style, types, import direction, file length, generated code
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m tools.lint
	$(BIN)/python -m tools.proto --check
	$(BIN)/python -m tools.envoy_rules --check
	$(BIN)/python -m tools.reference --check
	$(BIN)/python -m tools.schemas --check

.PHONY: format
format: $(READY) ## format and mend what can be mended by itself
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

.PHONY: proto
proto: $(READY) ## compile protos/ into authz/_proto
	$(BIN)/python -m tools.proto

.PHONY: envoy
envoy: $(READY) ## write the rules in envoy/ that follow from the header table
	$(BIN)/python -m tools.envoy_rules

$(VENV)/.pre-commit: requirements/pre-commit.txt $(READY)
	$(BIN)/python -m pip install --quiet --no-deps --require-hashes -r $<
	@touch $@

.PHONY: policy-ci
policy-ci: $(VENV)/.pre-commit ## the pre-commit hooks and the example workflow, on a repository of policies
	@$(BIN)/python -m tools.policy_ci

.PHONY: schemas
schemas: $(READY) ## write docs/schemas/ from the types that documents are read into
	@$(BIN)/python -m tools.schemas

.PHONY: reference
reference: $(READY) ## write docs/reference/ from the code
	@$(BIN)/python -m tools.reference

.PHONY: lock
lock: $(READY) ## resolve pyproject.toml into requirements/ anew
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header pyproject.toml \
	  --output-file requirements/serve.txt
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header pyproject.toml \
	  --group dev --constraint requirements/serve.txt --output-file requirements/dev.txt
	for each in compose node fuzz pre-commit pyvoy mcp-1.12 mcp-1.30; do \
	  $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header requirements/$$each.in \
	    --output-file requirements/$$each.txt; done

.PHONY: clean
clean: ## remove everything that this file made
	rm -rf $(VENV) .bench .demo .promql .pyvoy .fuzz .idp .istio .clients {examples/idp,tests/clients/drivers}/node_modules .mypy_cache .ruff_cache .hypothesis build dist
