# Followthrough. `make` alone prints what there is.

GO        ?= go
BIN       := bin/followthrough
VERSION   ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS   := -s -w -X main.version=$(VERSION)
GOLANGCI  := v2.15.0
GOVULN    := v1.8.0
TOOLS     := $(CURDIR)/bin/tools

export CGO_ENABLED := 0

.DEFAULT_GOAL := help

.PHONY: help
help: ## Print this help
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## Build the program into bin/
	$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN) ./cmd/followthrough

.PHONY: run
run: build ## Run the service with its embedded database
	$(BIN) serve

.PHONY: demo
demo: build ## Run the demo: a two-way sync with two simulated trackers, no account needed
	$(BIN) demo

.PHONY: test
test: ## Run the tests (SQLite; 2,000 worlds of the simulation among them)
	$(GO) test ./...

.PHONY: test-postgres
test-postgres: ## Run the database tests on a throw-away PostgreSQL as well
	FOLLOWTHROUGH_REQUIRE_POSTGRES=1 scripts/with-postgres.sh $(GO) test -count=1 ./store/... ./cmd/...

.PHONY: race
race: ## Run the tests with the race detector (needs a C compiler)
	CGO_ENABLED=1 $(GO) test -race -short ./...

.PHONY: lint
lint: $(TOOLS)/golangci-lint ## Check style and the import rules of docs/architecture.md
	$(TOOLS)/golangci-lint run --allow-parallel-runners ./...

$(TOOLS)/golangci-lint:
	GOBIN=$(TOOLS) $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI)

.PHONY: fmt
fmt: ## Format the code
	gofmt -w $$(git ls-files '*.go')

.PHONY: generate
generate: $(TOOLS)/templ ## Make the Go code of the page templates again
	cd web && $(TOOLS)/templ fmt templates && $(TOOLS)/templ generate

$(TOOLS)/templ:
	GOBIN=$(TOOLS) $(GO) install github.com/a-h/templ/cmd/templ@v0.3.977

.PHONY: vuln
vuln: ## Look for known vulnerabilities (skips with a line where the database is out of reach)
	@GOBIN=$(TOOLS) $(GO) install golang.org/x/vuln/cmd/govulncheck@$(GOVULN)
	@scripts/vuln.sh $(TOOLS)/govulncheck

.PHONY: bench
bench: build ## Measure; docs/performance.md says what and on which machine
	$(GO) test -run '^$$' -bench . -benchmem ./metrics/... ./evidence/... ./store/... ./web/... ./cmd/followthrough/
	FOLLOWTHROUGH_TEST_HOOK_SECONDS=60 $(GO) test -count=1 -v -run TestHookLoad ./cmd/followthrough/
	FOLLOWTHROUGH_BENCH_MEASURES=1000000 scripts/with-postgres.sh $(GO) test -run '^$$' -bench Reads ./store/
	scripts/bench-portfolio.py $(BIN)
	scripts/bench-api.sh $(BIN)

.PHONY: properties
properties: ## Run the laws of the merge and of both trackers' lenses 100,000 times
	$(GO) test -count=1 -run 'TestMergeProperties|TestMergeLinesLaws|TestLensLaws' ./sync ./sync/github ./sync/jira -rapid.checks=100000

.PHONY: soak
soak: ## Run the simulation with many more seeds (SEEDS=20000)
	FOLLOWTHROUGH_SEEDS=$${SEEDS:-20000} $(GO) test -count=1 -timeout 60m -run Simulation ./sync/...

.PHONY: tidy
tidy: ## Check that go.mod and go.sum are as the code needs them
	$(GO) mod tidy -diff

.PHONY: check
check: tidy test lint generate ## What a change must pass before it is handed in
	@git diff --exit-code -- web/templates || { echo "commit what make generate made"; exit 1; }
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { echo "run make fmt"; exit 1; }
	$(GO) vet ./...
