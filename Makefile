# What can be done here. Every target does its own set-up; tools/preflight says what the machine lacks.

VERSIONS := 13 14 15 16 17 18
OLDEST := $(firstword $(VERSIONS))
NEWEST := $(lastword $(VERSIONS))
TENANTRY_CORPUS ?= ../shared/corpus/dev.jsonl

# Many tests wait: for locks, for the server to make a database. Two a core keep the machine busy.
export RUST_TEST_THREADS ?= $(shell echo $$((2 * $$(getconf _NPROCESSORS_ONLN))))

.DEFAULT_GOAL := help
.PHONY: help bench demo demo-local preflight postgres check deny test test-matrix test-api-server test-deploy properties corpus crds

help: ## Show this
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: postgres ## The whole story on Kubernetes with 1,500 tenants, or TENANTS=N (its control plane is built once by Go, several minutes)
	tools/fetch control-plane
	demo/run cluster

demo-local: postgres ## The same by the command line, without a cluster
	demo/run local

bench: postgres ## Measure, and print a table (SIZES=150,1500 for other sizes, ONLY=engine or ONLY=operator for a part)
	tools/fetch control-plane
	bench/run

check: preflight deny ## Format, lints, docs, generated files, licences
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS='-D warnings -A rustdoc::private-intra-doc-links' cargo doc --locked --workspace --no-deps --document-private-items
	cargo xtask crds --check

test: preflight ## Run all tests; those that talk to PostgreSQL also on its oldest and newest version
	tools/fetch postgres-$(OLDEST) postgres-$(NEWEST)
	cargo test --workspace --no-fail-fast
	tools/test-on $(OLDEST) $(NEWEST)
	$(MAKE) test-api-server

test-matrix: preflight ## Run the tests that talk to a server on PostgreSQL 13 to 18
	tools/test-on $(VERSIONS)

test-api-server: postgres ## Try custom resources, operator and command line on a real API server (built once by Go, several minutes)
	tools/fetch control-plane health
	cargo test --workspace --test rules --test api_server --test cluster -- --ignored

test-deploy: preflight ## Try chart, kustomizations, RBAC and what Flux and Argo CD see on a real API server (built once by Go)
	tools/fetch control-plane helm health
	cargo test --package tenantry-deploy-tests -- --include-ignored

properties: postgres ## Try 2,000 random changes of random schemas, always the same ones (TENANTRY_SEED=N for others)
	TENANTRY_PAIRS=$${TENANTRY_PAIRS:-2000} TENANTRY_SEED=$${TENANTRY_SEED:-1} \
	    cargo test --workspace --test properties random -- --nocapture

corpus: postgres ## Converge the pairs of TENANTRY_CORPUS and print the score by kind
	@if [ -e "$(TENANTRY_CORPUS)" ]; then \
	    TENANTRY_CORPUS="$(abspath $(TENANTRY_CORPUS))" cargo test --workspace --test corpus -- --nocapture; \
	else \
	    echo "No corpus: $(TENANTRY_CORPUS) is not there (TENANTRY_CORPUS names another)."; \
	fi

crds: preflight ## Write the custom resource definitions into crds/ and the chart, and docs/reference
	cargo xtask crds

deny: preflight
	@command -v cargo-deny >/dev/null 2>&1 || tools/fetch cargo-deny
	PATH="$$PATH:$${TENANTRY_BUILD_DIR:-build}/tools/cargo-deny" cargo-deny --locked check licenses bans sources

preflight:
	@tools/preflight

postgres: preflight
	@tools/fetch any-postgres
