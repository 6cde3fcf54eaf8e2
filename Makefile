# imgfs: build, test, install. `make help` lists the targets.
#
# Debian packages are installed when they are missing (as root); elsewhere see README.md, "Without Debian".

PREFIX    ?= /usr/local
SBINDIR   ?= /usr/sbin
UNITDIR   ?= /usr/lib/systemd/system
MANDIR    ?= $(PREFIX)/share/man
BASHDIR   ?= $(PREFIX)/share/bash-completion/completions
FISHDIR   ?= $(PREFIX)/share/fish/vendor_completions.d
ZSHDIR    ?= $(PREFIX)/share/zsh/site-functions
DESTDIR   ?=

BUILD_PACKAGES = git g++ pkg-config libfuse3-dev zlib1g-dev libsqlite3-dev libzstd-dev libisal-dev libcurl4-openssl-dev libssl-dev
DEMO_PACKAGES  = $(BUILD_PACKAGES) fuse3 mount util-linux jq
TEST_PACKAGES  = $(DEMO_PACKAGES) docker-registry nginx-light skopeo runc crun podman bubblewrap systemd-container attr acl libcap2-bin e2fsprogs curl zstd rsync gcc libc6-dev libarchive-tools apache2-utils python3-minimal umoci pigz zsh fish
CHECK_PACKAGES = shellcheck mandoc
DEB_PACKAGES   = $(BUILD_PACKAGES) dpkg-dev

# The toolchain: swift from PATH, or where swift.org's archive is commonly unpacked.
SWIFT ?= $(shell command -v swift || ls /opt/swift/usr/bin/swift /usr/libexec/swift/bin/swift 2>/dev/null | head -n 1)
SCRIPTS = $(shell grep -lE '^.!/bin/(ba)?sh' .ci/run Tests/Tools/* packaging/debian/*)

RELEASE = .build/release/imgfs
SWIFT_FLAGS = --disable-automatic-resolution
RELEASE_FLAGS = $(SWIFT_FLAGS) -c release --static-swift-stdlib

.PHONY: help all build demo test unit-test integration-test differential sanitize fuzz check format bench bench-plot install uninstall clean \
	deb build-packages demo-packages test-packages check-packages deb-packages resolve

help:
	@echo "make build      build the program ($(RELEASE))"
	@echo "make demo       make a small image, mount it with mount(8), show it, unmount it"
	@echo "make test       unit tests, then integration tests with real mounts, registries and runtimes"
	@echo "make differential COUNT=20000 SEED=1   compare so many random images, from a seed, with umoci and overlayfs"
	@echo "make sanitize   all tests under the thread sanitizer and the address sanitizer (half an hour)"
	@echo "make fuzz       libFuzzer over all that reads untrusted bytes, SECONDS_EACH=60; TARGET=tar for one"
	@echo "make check      formatting, warnings, imports, scripts"
	@echo "make bench      print the benchmark tables of docs/performance.md; IMGFS_BENCH_ONLY=scaling for a part of them"
	@echo "make bench-plot draw docs/stages.svg: where the time of one layer goes"
	@echo "make install    install into DESTDIR=$(DESTDIR) PREFIX=$(PREFIX); make uninstall takes it away"
	@echo "make deb        build a Debian package in .build/deb"
	@echo "make clean      remove what was built"

all: build

build-packages:
	@Tests/Tools/require-packages $(BUILD_PACKAGES)
demo-packages:
	@Tests/Tools/require-packages $(DEMO_PACKAGES)
test-packages:
	@Tests/Tools/require-packages $(TEST_PACKAGES)
deb-packages:
	@Tests/Tools/require-packages $(DEB_PACKAGES)
check-packages:
	@Tests/Tools/require-packages $(BUILD_PACKAGES) $(CHECK_PACKAGES)

# Package.resolved pins the packages to exactly these commits. Where they come from a mirror with other commit ids, the
# exact versions of Package.swift decide.
resolve: build-packages
	@test -n "$(SWIFT)" || { echo "imgfs needs Swift 6.2 or newer: https://swift.org/install (README.md says more)" >&2; exit 1; }
	@$(SWIFT) package resolve --only-use-versions-from-resolved-file >/dev/null 2>&1 || $(SWIFT) package update

build: resolve
	$(SWIFT) build $(RELEASE_FLAGS) --product imgfs
	$(SWIFT) build $(RELEASE_FLAGS) --product imgfs-mount
	$(SWIFT) build $(RELEASE_FLAGS) --product imgfs-keeper

demo: demo-packages build
	@Tests/Tools/demo $(RELEASE)

test: test-packages build
	@Tests/Tools/test $(SWIFT) $(RELEASE)

unit-test: resolve
	@Tests/Tools/test $(SWIFT) $(RELEASE) unit

integration-test: test-packages build
	@Tests/Tools/test $(SWIFT) $(RELEASE) integration

# Without a seed: other images each time. What it prints about a failure has the command that repeats it.
COUNT ?= 20000
SEED  ?= $(shell date +%s)

differential: test-packages build
	$(SWIFT) build $(SWIFT_FLAGS) --build-tests
	IMGFS_BINARY=$(abspath $(RELEASE)) IMGFS_DIFFERENTIAL_COUNT=$(COUNT) IMGFS_DIFFERENTIAL_SEED=$(SEED) \
		Tests/Tools/with-mount-helper $(RELEASE) $(SWIFT) test $(SWIFT_FLAGS) --skip-build --disable-xctest \
		--no-parallel --filter IntegrationTests.DifferentialTests

sanitize: test-packages resolve
	@Tests/Tools/sanitize $(SWIFT)

SECONDS_EACH ?= 60
fuzz: resolve
	@Tests/Tools/fuzz $(SWIFT) $(SECONDS_EACH) $(TARGET)

format:
	$(SWIFT) format --in-place --recursive --parallel Package.swift Sources Tests

check: check-packages
	@Tests/Tools/check $(SWIFT) $(SCRIPTS)

bench: test-packages build
	$(SWIFT) build $(RELEASE_FLAGS) --product Benchmarks
	@Tests/Tools/bench $(RELEASE)
	@test -n "$(IMGFS_BENCH_ONLY)" || Tests/Tools/bench-runtime $(RELEASE)

bench-plot: test-packages build
	$(SWIFT) build $(RELEASE_FLAGS) --product Benchmarks
	@IMGFS_BENCH_ONLY=stages Tests/Tools/bench $(RELEASE) | Tests/Tools/plot-stages docs/stages.svg

install:
	@test -x $(RELEASE) || { echo "run 'make build' first" >&2; exit 1; }
	install -D -m 755 -s $(RELEASE) $(DESTDIR)$(PREFIX)/bin/imgfs
	install -d $(DESTDIR)$(SBINDIR)
	install -D -m 755 -s $(RELEASE)-mount $(DESTDIR)$(PREFIX)/bin/imgfs-mount
	install -D -m 755 -s $(RELEASE)-keeper $(DESTDIR)$(PREFIX)/bin/imgfs-keeper
	ln -sf $(PREFIX)/bin/imgfs-mount $(DESTDIR)$(SBINDIR)/mount.fuse.imgfs
	install -d $(DESTDIR)$(UNITDIR)
	sed 's|@BINDIR@|$(PREFIX)/bin|' mount-helpers/imgfs.service > $(DESTDIR)$(UNITDIR)/imgfs.service
	install -m 644 mount-helpers/imgfs.socket $(DESTDIR)$(UNITDIR)/imgfs.socket

	install -D -m 644 -t $(DESTDIR)$(MANDIR)/man1 packaging/man/*.1
	install -D -m 644 -t $(DESTDIR)$(MANDIR)/man8 packaging/man/*.8
	install -d $(DESTDIR)$(BASHDIR) $(DESTDIR)$(ZSHDIR) $(DESTDIR)$(FISHDIR)
	$(RELEASE) --generate-completion-script bash > $(DESTDIR)$(BASHDIR)/imgfs
	$(RELEASE) --generate-completion-script zsh > $(DESTDIR)$(ZSHDIR)/_imgfs
	$(RELEASE) --generate-completion-script fish > $(DESTDIR)$(FISHDIR)/imgfs.fish

deb: deb-packages build
	@packaging/debian/make-deb .build/deb

uninstall:
	rm -f $(DESTDIR)$(BASHDIR)/imgfs $(DESTDIR)$(ZSHDIR)/_imgfs $(DESTDIR)$(FISHDIR)/imgfs.fish
	rm -f $(patsubst packaging/man/%,$(DESTDIR)$(MANDIR)/man1/%,$(wildcard packaging/man/*.1))
	rm -f $(patsubst packaging/man/%,$(DESTDIR)$(MANDIR)/man8/%,$(wildcard packaging/man/*.8))
	rm -f $(DESTDIR)$(PREFIX)/bin/imgfs $(DESTDIR)$(PREFIX)/bin/imgfs-mount $(DESTDIR)$(PREFIX)/bin/imgfs-keeper \
		$(DESTDIR)$(SBINDIR)/mount.fuse.imgfs
	rm -f $(DESTDIR)$(UNITDIR)/imgfs.service $(DESTDIR)$(UNITDIR)/imgfs.socket

clean:
	rm -rf .build
