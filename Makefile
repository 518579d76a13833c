# make run    sets up what it needs, builds, and serves the example on 127.0.0.1:8080 and /tmp/urocket.sock
# make test   sets up what it needs, builds, checks and tests
# make build TAGS=otel    builds it with the export of traces (docs/tracing.md)

export GO ?= go
export FUZZTIME ?= 20000x
export UROCKET_NOT_RUN := $(CURDIR)/bin/not-run.txt
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)

# With npm the documents of others must be there to be tested; without it the summary says that they were not.
NEED := $(if $(shell command -v npm 2>/dev/null),UROCKET_NEED_DOCUMENTS=1)

# To make cgroups for what is measured takes root.
SUDO := $(if $(filter-out 0,$(shell id -u)),sudo)

.PHONY: run build test test-vm pictures conformance soak setup setup-test setup-bench lint fuzz bench bench-php compare gobench clean

run: setup build
	exec bin/urocket run -c examples/urocket-service.yaml --log-format text

# -buildvcs=false: the version comes from git describe; the Go tool's own stamp fails in another user's checkout.
build:
	CGO_ENABLED=0 $(GO) build -buildvcs=false -trimpath $(if $(TAGS),-tags $(TAGS)) -ldflags '-s -w -X main.version=$(VERSION)' -o bin/urocket ./cmd/urocket

# One package at a time: what many of them start wants the processors for itself.
test: setup-test build lint
	@rm -f bin/vm.txt bin/book.txt $(UROCKET_NOT_RUN)
	CGO_ENABLED=1 $(NEED) UROCKET_VM_SUMMARY=$(CURDIR)/bin/vm.txt UROCKET_BOOK_SUMMARY=$(CURDIR)/bin/book.txt $(GO) test -race -count=1 -p 1 -timeout 30m ./...
	CGO_ENABLED=1 $(GO) test -race -count=1 -tags otel ./tracing
	@scripts/fuzz.sh
	@scripts/not-run.sh
	@cat bin/book.txt bin/vm.txt

# The part of the tests that boots a kernel of its own, where limits are real. Its last lines say what ran.
test-vm: setup-test
	$(GO) test -count=1 -v ./e2e/vm

# The pictures of docs/page.md, from Chromium. A machine with optipng makes them smaller.
pictures: setup-test
	CGO_ENABLED=1 $(GO) test -count=1 -run TestPageLooks ./e2e -pictures

# Scripts by plain php and under each driver, fact by fact, in every way in which they are called; a short form is in `make test`.
conformance: setup-test
	CGO_ENABLED=1 $(GO) test -count=1 -v ./e2e/conform -full

# Everything at once and for long: load, faults, kills, reloads. SOAK=2m for another length, SEED=7 for the choices of a run.
soak: setup-test
	CGO_ENABLED=1 $(GO) test -count=1 -v -timeout 0 ./e2e/soak -soak $(or $(SOAK),10m) $(if $(SEED),-seed $(SEED))

.PHONY: dist setup-dist test-deb test-systemd test-arm64 test-container test-image test-deploy

# What is given away, into bin/dist: static programs and Debian packages for amd64 and arm64, bills of materials, checksums.
dist:
	@VERSION=$(VERSION) scripts/dist.sh

setup-dist:
	@scripts/setup.sh dist

# What `make dist` makes is tried: all of it as root, and most of it slow.
#   test-deb        what lintian says of the packages; in a bare Debian it has to be installed, serve, and go
#   test-systemd    under the systemd of two Debians in virtual machines: limits, reload, upgrade, watchdog, stop, socket
#                   activation, hardening, purge; SUITES=trixie for one of them
#   test-arm64      the program for arm64, on an emulated one
#   test-container  urocket in containers of podman, by crun and runc, in a virtual machine
#   test-image      the images of contrib/container, built and run by podman
SUITES ?= bookworm trixie

test-deb: setup-dist dist
	lintian --fail-on error,warning bin/dist/*.deb
	scripts/try-deb.sh chroot bin/dist/*_amd64.deb

test-systemd: setup-dist dist
	for suite in $(SUITES); do scripts/try-deb.sh boot bin/dist/*_amd64.deb $$suite || exit; done

test-arm64: setup-dist dist
	GOARCH=arm64 $(GO) vet ./...
	scripts/try-arm64.sh bin/dist/urocket-*-linux-arm64

test-container: setup-dist build
	scripts/try-container.sh bin/urocket

test-image:
	@scripts/setup.sh image
	VERSION=$(VERSION) scripts/try-image.sh

# The manifests in deploy/kubernetes, against the API's own types. A module of its own: minutes, the first time.
test-deploy:
	cd deploy/kubernetes/check && $(GO) vet ./... && $(GO) test -count=1 ./...

# What the example needs, and what the tests need; both do nothing where everything is there.
setup:
	@scripts/setup.sh run

setup-test:
	@scripts/setup.sh test

setup-bench:
	@scripts/setup.sh bench
	@scripts/peers.sh

lint:
	$(GO) vet ./...
	$(GO) vet -tags otel ./tracing ./cmd/urocket
	$(GO) tool staticcheck ./...
	$(GO) tool staticcheck -tags otel ./tracing ./cmd/urocket
	@scripts/format-check.sh
	@scripts/vulncheck.sh

# Every fuzz target of the tree, FUZZTIME inputs (or 30s) each.
fuzz:
	@scripts/fuzz.sh

# Speed, held against what this machine allows, in one run of twenty minutes; BENCH=quick: a minute or two.
# BENCHFLAGS are those of bin/bench -help.
bench: build setup-bench
	CGO_ENABLED=0 $(GO) build -buildvcs=false -o bin/bench ./bench
	$(SUDO) bin/bench $(if $(filter quick,$(BENCH)),-quick) $(BENCHFLAGS)

# PHP scripts under each driver, beside php-fpm and php-cgi; writes docs/benchmarks-php.md. FASTEXIT=FILE: contrib/fastexit, built.
bench-php: build setup-bench
	CGO_ENABLED=0 $(GO) build -buildvcs=false -o bin/bench ./bench
	$(SUDO) bin/bench -php $(if $(FASTEXIT),-fastexit $(FASTEXIT)) $(BENCHFLAGS)

# What others do when a script misbehaves; writes docs/comparison.md.
compare: build setup-bench
	CGO_ENABLED=0 $(GO) build -buildvcs=false -o bin/compare ./bench/compare
	$(SUDO) bin/compare

gobench: build
	$(GO) test -run '^$$' -bench . -benchmem ./...

clean:
	rm -rf bin
