# The front desk: one word per task.  CMake and its presets do the work; `make help` lists the words.
JOBS := $(shell nproc)
T ?= 60
ARGS ?=
CMAKE_QUIET := --log-level=WARNING

.DEFAULT_GOAL := dev
.NOTPARALLEL:
.PHONY: help dev build run test fixtures bench fuzz lint format tsan sizes clean setup-% preset-%

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1 /' | \
		awk '{w = $$1; $$1 = ""; printf "  make %-9s%s\n", w, $$0}'

dev: setup-build setup-test preset-dev ## build everything with sanitizers, in build/dev

build: setup-build preset-release ## build the program: build/release/gatehouse

run: build ## build the program and start it; ARGS="--listen ... --config ..."
	@exec build/release/gatehouse serve $(ARGS)

test: dev blackbox-tools ## run all tests with sanitizers on
	@tools/run_tests.py $(JOBS) dev

fixtures: build ## replay ../shared/fixtures, cut at every offset; ARGS="DIRECTORY [PROVIDER [API]]"
	@ninja -C build/release --quiet fixtures
	@build/release/tests/fixtures --excused tests/fixtures/excused.txt $(or $(ARGS),../shared/fixtures)

bench: build setup-bench tests/bench/.venv/ready ## measure speed and memory beside nginx; ARGS="--json FILE --profile"
	@ninja -C build/release --quiet decoders tokens
	@cmake $(CMAKE_QUIET) -S tests/bench -B build/bench-tools -G Ninja >/dev/null
	@ninja -C build/bench-tools --quiet
	@python3 tests/bench/bench.py $(ARGS)

fuzz: setup-build setup-fuzz preset-fuzz ## run every fuzz target for T seconds
	@tools/run_fuzz.py build/fuzz $(T)

lint: setup-build setup-test setup-lint ## formatting, floors, banned functions, clang-tidy
	@tools/lint $(JOBS)

format: setup-lint ## format all C files
	@find src tests/unit tests/support tests/bench tests/fuzz -name "*.[ch]" | xargs clang-format -i

tsan: setup-build setup-test preset-tsan blackbox-tools ## run all tests under ThreadSanitizer
	@tools/run_tests.py $(JOBS) tsan

sizes: ## the largest files and functions
	@tools/sizes.py

clean: ## remove everything that was built
	rm -rf build

# What the black-box tests need besides packages: the official clients, in folders of their own.
.PHONY: blackbox-tools
blackbox-tools: tests/blackbox/.venv/ready tests/blackbox/js/node_modules/ready

tests/blackbox/.venv/ready: tests/blackbox/requirements.txt
	@python3 -m venv $(@D)
	@$(@D)/bin/pip install -q --disable-pip-version-check -r $<
	@touch $@

tests/blackbox/js/node_modules/ready: tests/blackbox/js/package-lock.json
	@cd tests/blackbox/js && npm ci --silent --no-audit --no-fund
	@touch $@

# What counting tokens is measured beside.
tests/bench/.venv/ready: tests/bench/requirements.txt
	@python3 -m venv $(@D)
	@$(@D)/bin/pip install -q --disable-pip-version-check -r $<
	@touch $@

setup-%:
	@tools/setup $*

preset-%: setup-build
	@cmake --preset $* $(CMAKE_QUIET) >/dev/null
	@ninja -C build/$* --quiet
