# Entry points only; the work is in scripts/ and conformance/.
# There is no clean target: the build cache lives outside the clone (scripts/env.sh).

.PHONY: help run build test fuzz bench fmt lint check conformance

help:
	@echo "make run          build, then start the gateway on SQLite with a demo tenant"
	@echo "make build        release binary at target/release/rollcall"
	@echo "make test         formatting, lints, all tests, conformance on SQLite and PostgreSQL, fuzzing"
	@echo "make fuzz         the fuzz targets, 10 seconds each; SECONDS=600 for longer"
	@echo "make bench        the benchmarks"
	@echo "make conformance  only the conformance suites, on SQLite and PostgreSQL"
	@echo "make fmt          format the code"
	@echo "make lint         formatting and lints, nothing is changed"
	@echo "make check        type-check only, the fastest answer"

run:
	@exec scripts/run

build:
	@scripts/build

test:
	@scripts/test

fuzz:
	@scripts/fuzz $(SECONDS)

bench:
	@scripts/bench

conformance:
	@scripts/install test
	@conformance/local sqlite
	@conformance/local postgres

fmt:
	@scripts/cargo fmt

lint:
	@scripts/lint

check:
	@scripts/cargo check --locked --all-targets
