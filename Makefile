# The whole story: what a user or a developer of Slipway runs. Everything else is behind CMakePresets.json and tools/.
SHELL := /bin/bash
JOBS ?= $(shell nproc)
RELEASE := build/release
CONFORMANCE ?= /usr/include/onnx/backend/test/data
FUZZ_SECONDS ?= 60
PREFIX ?= /usr/local

.PHONY: help quickstart build test debug tsan check lint bench bench-peers fuzz conformance soak install clean

help: ## this list
	@echo "Slipway: train, optimize, convert, serve, monitor and repair neural models."; echo
	@awk -F ':.*## ' '/^[a-z -]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

quickstart: build ## install what is needed, build, run the whole life of a digit classifier
	$(RELEASE)/slipway quickstart $(if $(DATA),--data $(DATA))

build: ## install what is needed, build build/release/slipway
	tools/install_dependencies build
	@test -f $(RELEASE)/build.ninja || cmake --preset release -DSLIPWAY_TESTS=OFF
	cmake --build $(RELEASE) --target slipway -j $(JOBS)

test: ## build with what it needs and run every test
	tools/install_dependencies build test
	cmake --preset release -DSLIPWAY_TESTS=ON
	cmake --build $(RELEASE) -j $(JOBS)
	ctest --preset release -j $(JOBS) -LE soak

debug tsan: ## build and test with sanitizers (debug: address and undefined; tsan: threads)
	tools/install_dependencies build test
	cmake --preset $@ -DSLIPWAY_TESTS=ON
	cmake --build build/$@ -j $(JOBS)
	ctest --preset $@ -j $(JOBS) -LE soak

check: ## format, floors, documents in step, then every test
	tools/install_dependencies build test check
	tools/check

lint: ## clang-tidy over the sources (FILES="…" for some of them); slow
	tools/install_dependencies build test check
	tools/lint $(FILES)

bench: build ## speed of the engine against its floor
	tools/install_dependencies bench
	cmake --preset bench
	cmake --build $(RELEASE) --target benchmarks -j $(JOBS)
	tools/bench $(BENCH)

bench-peers: ## the same beside PyTorch and ONNX Runtime, in one run
	tools/install_dependencies peers
	$(MAKE) --no-print-directory bench BENCH=--peers

fuzz: ## every fuzz target for FUZZ_SECONDS (60)
	tools/install_dependencies build fuzz
	cmake --preset fuzz
	cmake --build build/fuzz -j $(JOBS)
	tools/fuzz $(FUZZ_SECONDS)

conformance: build ## ONNX's own test data (Debian's libonnx-testdata; CONFORMANCE=DIR for another)
	tools/install_dependencies test
	$(RELEASE)/slipway conformance $(CONFORMANCE)

soak: ## the long tests: hours of serving in minutes
	tools/install_dependencies build test
	cmake --preset release -DSLIPWAY_TESTS=ON
	cmake --build $(RELEASE) -j $(JOBS)
	ctest --preset release -L soak

install: build ## the program, libslipway.so and its headers below PREFIX (/usr/local)
	cmake --build $(RELEASE) --target slipway_shared -j $(JOBS)
	cmake --install $(RELEASE) --prefix $(PREFIX)

clean: ## remove everything that was built
	rm -rf build
