# Every step is skipped when it is already done; works as root or with sudo.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

CARGO_HOME ?= $(HOME)/.cargo
# Build products live outside the clone, so that a fresh clone builds warm.
export CARGO_TARGET_DIR ?= $(HOME)/.cache/kimi-dashboard/target
export PATH := $(CURDIR)/node_modules/.bin:$(CARGO_HOME)/bin:$(PATH)
export PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD := 1
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

.PHONY: help
help: ## list the commands
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-11s %s\n", $$1, $$2}'
	@.ci/needs || true

# --- tools ------------------------------------------------------------------

# $(call install,crate,version): the ready-made program where cargo-binstall is at hand, else its source.
# Tools are built once: fast to build beats fast to run.
binstall = command -v cargo-binstall >/dev/null && cargo binstall --no-confirm --disable-strategies compile
source = env CARGO_TARGET_DIR=$(CARGO_TARGET_DIR)/tools CFLAGS=-O0 cargo install --locked
QUICK := --config 'profile.release.lto="off"' --config profile.release.codegen-units=16 --config profile.release.opt-level=0
install = { $(binstall) $(1)@$(2); } || $(source) $(QUICK) $(1) --version $(2)
# What builds it is named once, in tools/.
version = $(shell sed -n 's/^$(1) = .*"=\([0-9.]*\)".*/\1/p' tools/Cargo.toml)
BINDGEN := $(call version,wasm-bindgen-cli)
LEPTOS := $(call version,cargo-leptos)

.PHONY: needs tools test-tools
needs: ## say what is missing on this machine to build it
	@.ci/needs

tools: needs node_modules/.package-lock.json ## install what builds it
	@rustup target list --installed | grep -qx wasm32-unknown-unknown || rustup target add wasm32-unknown-unknown
	@{ wasm-bindgen --version | grep -qxF 'wasm-bindgen $(BINDGEN)' && cargo-leptos --version | grep -qxF 'cargo-leptos $(LEPTOS)'; } 2>/dev/null \
	  || { $(binstall) wasm-bindgen-cli@$(BINDGEN) cargo-leptos@$(LEPTOS); } || $(source) --force --path tools

node_modules/.package-lock.json: package.json package-lock.json | needs
	npm install --no-save --no-audit --no-fund --loglevel=error
	@touch $@

test-tools: tools ## install what tests it
	@cargo-deny --version 2>/dev/null | grep -q ' 0\.20' || $(call install,cargo-deny,^0.20)
	@cargo-machete --version 2>/dev/null | grep -qx '0\.9\.2' || $(call install,cargo-machete,0.9.2)
	@{ [ -x /usr/bin/chromium ] && ls /usr/lib/postgresql/*/bin/initdb && python3 -c 'import ensurepip, venv'; } >/dev/null 2>&1 \
	  || { $(SUDO) apt-get update -q && DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -qy --no-install-recommends chromium postgresql python3-venv; }

# --- build and run ----------------------------------------------------------

.PHONY: run dev build
run: build ## build and serve on http://localhost:8766 (flags in ARGS)
	exec target/release/kimi-dashboard $(ARGS)

dev: tools charts ## serve while you edit, reloading the browser; its data is in target/dashboard.db
	cargo leptos watch

build: tools charts target/release/kimi-dashboard ## build the executables: target/release/kimi-dashboard and kimi-converge

# cargo-leptos makes the site anew each time, and the server with it: only when something changed.
SOURCES := $(shell find src style public migrations .cargo Cargo.toml Cargo.lock rust-toolchain.toml package-lock.json Makefile -type f)
target/release/kimi-dashboard: $(SOURCES) target/charts/charts.js.br | tools
	@mkdir -p target/release
	@touch target/release/.begun
	cargo leptos build --release --split --precompress
	@cp --remove-destination $(CARGO_TARGET_DIR)/release/kimi-{dashboard,converge} target/release/
	@touch -r target/release/.begun target/release/kimi-dashboard # what was edited meanwhile is built next time

# Charts are drawn by a program of their own, which only pages with charts load. `npm install` makes it, too.
.PHONY: charts
charts: target/charts/charts.js.br ## bundle the program that draws charts
target/charts/charts.js.br: src/ui/charts.js package.json node_modules/.package-lock.json
	npm run --silent charts

.PHONY: clean
clean: ## remove what was built, and say how much that frees; tools and data stay
	@du -shc target node_modules $(CARGO_TARGET_DIR) 2>/dev/null | sed 's/^/  /; $$s/total/to be freed/'
	cargo clean --target-dir $(CARGO_TARGET_DIR)
	rm -rf target/{release,site,charts,e2e} node_modules

# --- checks -----------------------------------------------------------------

.PHONY: test check yanked advisories unit e2e bench fix
test: check unit e2e contract ## everything that must hold

check: test-tools yanked ## formats, lints of both sides, docs, licences, bans, unused and yanked dependencies
	cargo fmt --check
	cargo fmt --check --all --manifest-path tools/Cargo.toml
	cargo clippy --features bench --all-targets -- -D warnings
	cargo clippy --features hydrate --lib --target wasm32-unknown-unknown -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --no-deps --document-private-items --features bench
	cargo machete
	cargo deny --config .deny.toml check licenses bans sources

# Before it packages anything, cargo asks the registry afresh about every version of Cargo.lock.
yanked: ## no dependency was taken back by its authors
	@said=$$(cargo package --no-verify --allow-dirty 2>&1) || { echo "$$said"; exit 1; }; \
	  if grep -F 'is yanked' <<<"$$said"; then exit 1; fi

advisories: test-tools ## known weaknesses of dependencies, where the database of them can be had
	@cargo deny --config .deny.toml fetch db >/dev/null 2>&1 || { echo 'advisories: their database cannot be had here, so nothing is known.'; exit 1; }
	cargo deny --config .deny.toml check advisories

unit: test-tools ## unit and door tests on SQLite and PostgreSQL
	cargo build --features ssr --bin kimi-dashboard --bin kimi-converge
	.ci/with-postgres cargo test --features ssr

e2e: test-tools build ## end-to-end tests in Chromium
	cd end2end && KIMI_DASHBOARD_BIN=$(CURDIR)/target/release/kimi-dashboard ../node_modules/.bin/playwright test

# Programs in Python, all at the versions that were tried, outside the clone.
PYTHON := $(abspath $(CARGO_TARGET_DIR)/../python)
.PHONY: contract contract-tools
contract-tools: test-tools ## install what proves the documents of the interface
	@cmp -s end2end/contract/requirements.txt $(PYTHON)/requirements.txt || { \
	  python3 -m venv --clear $(PYTHON) \
	  && $(PYTHON)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --requirement end2end/contract/requirements.txt \
	  && cp end2end/contract/requirements.txt $(PYTHON)/; }

contract: contract-tools build ## the documents of the interface are true: validators, generated clients, schemathesis
	KIMI_DASHBOARD_BIN=$(CURDIR)/target/release/kimi-dashboard $(PYTHON)/bin/python end2end/contract/run.py $(STEPS)

bench: test-tools build ## measure against the bars, into docs/bench.md
	cargo build --release --features bench --bin kimi-bench
	KIMI_DASHBOARD_BIN=target/release/kimi-dashboard node end2end/measure.mjs > target/browser.json
	$(CARGO_TARGET_DIR)/release/kimi-bench --browser target/browser.json --out docs/bench.md

fix: ## format, and apply what the lints suggest
	cargo fmt
	cargo fmt --all --manifest-path tools/Cargo.toml
	cargo clippy --features ssr --all-targets --fix --allow-dirty
