# make run    builds the library and the C echo server, and starts it
# make test   runs every suite; what it needs and cannot install, it names
# make docs   the site, target/docs/html/index.html
# make install PREFIX=/usr/local DESTDIR=   see packaging/install.mk
#
# Everything else is a part of these, or a benchmark.

CARGO ?= cargo
PORT ?= 9001
FUZZ_SECONDS ?= 40
SOAK_SECONDS ?= 60
server := c-examples/build/echo_server
embedded := c-examples/build/server_mio
client := c-examples/build/client
# The nightly toolchain is for Miri and the fuzzers alone.
NIGHTLY ?= nightly
VALGRIND = valgrind --quiet --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite,indirect

.PHONY: run lib examples test lint header test-rust test-core test-c loops hosts test-install test-deb test-targets \
	test-swift abi abi-baseline docs deny autobahn interop faults soak soak-briefly miri tsan fuzz bench bench-echo clean \
	native peers

# echo_server, as most hosts have a loop; c-examples/build/server_mio has the same arguments.
run: examples
	@echo 'Open http://127.0.0.1:$(PORT)/ in a browser. Ctrl-C ends the server.'
	@exec $(server) --port $(PORT)

# What is delivered and measured: without the rlib, so that LTO is on.
lib:
	$(CARGO) rustc --locked --release --lib --crate-type cdylib,staticlib

examples: lib
	$(MAKE) -C c-examples shared static
	c-examples/build/echo_buffer
	c-examples/build/static/echo_buffer

# Two suites at a time: most of those with peers wait for them.
native := lint header test-rust test-core test-c test-install test-deb abi docs deny miri fuzz
peers := loops hosts test-python test-swift interop autobahn faults soak-briefly tsan

test: examples
	@$(MAKE) -j2 --output-sync=target native peers
	@echo 'every suite passed'

native peers:
	@$(MAKE) -j1 $($@)

lint:
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets -- -D warnings

# The committed header is the one that the sources say.
header: lib
	git diff --exit-code include

test-rust:
	tests/tools.sh rust
	$(CARGO) test --locked

# Without compression; the server without TLS; and the protocol core and the C ABI
# without std, for those who have none.
test-core:
	$(CARGO) test --locked --no-default-features --features std \
	    --test rfc6455_frames --test opening --test messages --test pairs
	$(CARGO) clippy --locked --lib --no-default-features --features server -- -D warnings
	$(CARGO) rustc --locked --lib --no-default-features --crate-type rlib
	CARGO_PROFILE_DEV_PANIC=abort $(CARGO) clippy --locked --lib --no-default-features --features bare -- -D warnings

test-c: examples
	tests/tools.sh c
	$(MAKE) -C tests/c all
	$(MAKE) -C tests/cpp

# The examples for other loops: plain, under the sanitizers, under valgrind.
loops: lib
	tests/tools.sh loops
	$(MAKE) -C c-examples shared asan
	@for example in echo_libuv echo_libevent; do \
	  for server in c-examples/build/ c-examples/build/asan/ '$(VALGRIND) c-examples/build/'; do \
	    tests/interop/loops.py --server "$$server$$example" || exit 1; \
	  done; \
	done

# The shared library in LuaJIT, Ruby, PHP, Node, Python, Go and C#.
hosts: lib
	tests/tools.sh hosts
	tests/hosts/run.sh

# The Swift package, where there is a swift.
test-swift: examples
	bindings/swift/Tests/run.sh

# What is installed, used from outside the tree.
test-install:
	tests/tools.sh install
	tests/install/run.sh

# The Debian packages, in a system that has no Rust.
test-deb:
	tests/tools.sh deb
	$(MAKE) deb
	tests/deb/run.sh

# musl, aarch64 and s390x under qemu-user. Not a part of `test`: it takes a quarter
# of an hour.
test-targets:
	tests/tools.sh targets
	tests/targets/run.sh

# What a program compiled against an older header relies on.
abi: header
	tests/tools.sh abi
	tests/abi/run.sh

abi-baseline: lib
	cp include/wsabi.ffi.h tests/abi/baseline.ffi.h

# The site and the manual pages, in target/docs. A warning is an error, and so is a
# link that leads nowhere.
docs: export WSABI_PAGES = README.md $(wildcard docs/*.md bindings/*/README.md) benches/README.md \
	ARCHITECTURE.md CONTRIBUTING.md SECURITY.md CHANGELOG.md
docs: target/install/man3/wsabi.3
	tests/tools.sh docs
	rm -rf target/docs
	mkdir -p target/docs
	(cat docs/site/Doxyfile; echo "INPUT += $$WSABI_PAGES"; echo PROJECT_NUMBER = $(version)) | doxygen -
	python3 docs/site/finish.py target/docs/html
	cp -R target/install/man3 target/docs

# Licences, versions and sources of the dependencies; and what is known against them,
# where the database of that can be reached.
deny:
	tests/tools.sh deny
	cargo deny --locked check licenses bans sources
	@if timeout 60 cargo deny fetch db; then cargo deny --locked check --disable-fetch advisories; \
	else echo 'advisories: NOT checked, since the database cannot be reached'; fi

# Real clients, direct and behind nginx; then the clients here, with real servers
# and with servers that err.
interop: examples
	tests/tools.sh interop c
	tests/interop/run.py --server $(server)
	tests/interop/run.py --server c-examples/build/static/echo_server
	tests/interop/tls.py --server c-examples/build/server_mio
	$(MAKE) -C c-examples asan
	$(CARGO) build --locked --bin wsabi
	tests/interop/brief.py --server '$(embedded) --threads 2'
	tests/interop/brief.py --server 'target/debug/wsabi serve'
	tests/interop/connect.py --client $(client) --client c-examples/build/static/client \
	    --client 'target/debug/wsabi connect'
	tests/interop/connect.py --raw --client c-examples/build/asan/client \
	    --client 'valgrind --quiet --error-exitcode=99 --leak-check=full $(client)'

# The Autobahn testsuite against the C servers: what takes two minutes, of the embedded
# loop half a minute, or with CASES=all all of it, which takes a quarter of an hour or two.
autobahn: briefly := '[1-7].*' '10.*' '12.1.[1-5]' '13.1.[1-5]'
autobahn: examples
	tests/tools.sh autobahn
	$(MAKE) -C tests/autobahn
	tests/autobahn/run.py --server $(server) $(if $(filter all,$(CASES)),--cases '*')
	tests/autobahn/run.py --server $(embedded) $(if $(filter all,$(CASES)),--cases '*',--cases $(briefly))
	tests/autobahn/client.py --client tests/autobahn/build/echo_client $(if $(filter all,$(CASES)),--cases '*')

# What goes wrong with some connections, beside others: plain, and under the sanitizers.
faults: examples
	$(MAKE) -C c-examples asan
	tests/faults/run.py --server $(embedded)
	tests/faults/run.py --server c-examples/build/asan/server_mio

# A thousand connections at a time that behave well, badly or go away, and what the
# server holds afterwards.
soak-briefly: SOAK_SECONDS = 10
soak soak-briefly: examples
	tests/tools.sh soak
	$(MAKE) -C tests/soak
	tests/soak/run.py --server $(server) --seconds $(shell expr $(SOAK_SECONDS) / 2)
	tests/soak/run.py --server $(embedded) --seconds $(shell expr $(SOAK_SECONDS) / 2)
	$(if $(filter soak,$@),tests/soak/run.py --server '$(embedded) --threads 2' --connections 10000 \
	    --seconds $(SOAK_SECONDS))

# The C ABI under both models of aliasing; the embedded server without TLS, whose
# cipher is not Rust.
without_tls := --no-default-features --features std,deflate,server
hosted := $(CARGO) +$(NIGHTLY) miri test $(without_tls) --test server
miri:
	tests/tools.sh miri
	$(CARGO) +$(NIGHTLY) miri test --test ffi
	MIRIFLAGS=-Zmiri-tree-borrows $(CARGO) +$(NIGHTLY) miri test --test ffi
	MIRIFLAGS=-Zmiri-disable-isolation $(hosted)
	MIRIFLAGS='-Zmiri-disable-isolation -Zmiri-tree-borrows' $(hosted)

# The rule for threads, under ThreadSanitizer with the standard library instrumented
# too. What breaks the rule has to be reported, inside the library.
tsan := RUSTFLAGS=-Zsanitizer=thread $(CARGO) +$(NIGHTLY) test --locked -Zbuild-std --target-dir target/tsan \
	$(without_tls) --target $$(rustc -vV | sed -n 's/^host: //p') --test threads
tsan:
	tests/tools.sh tsan
	$(tsan)
	! $(tsan) -- --ignored > target/tsan/race.log 2>&1
	grep -q 'SUMMARY: ThreadSanitizer: data race .*wsabi_conn_set_user_data' target/tsan/race.log

fuzz:
	tests/tools.sh fuzz
	fuzz/run.sh $(FUZZ_SECONDS)

bench: lib
	tests/tools.sh bench
	$(CARGO) run --locked --release --manifest-path benches/Cargo.toml --bin codec
	$(CARGO) run --locked --release --manifest-path benches/Cargo.toml --bin deflate
	$(CARGO) run --locked --release --manifest-path benches/Cargo.toml --bin rest

# Beside the servers of others; leaves docs/echo.svg.
bench-echo: examples
	tests/tools.sh bench_echo
	python3 benches/echo.py --peers
	python3 benches/chart.py

clean:
	$(CARGO) clean
	$(MAKE) -C c-examples clean
	$(MAKE) -C tests/autobahn clean
	$(MAKE) -C tests/soak clean
	$(MAKE) -C tests/c clean
	$(MAKE) -C tests/cpp clean
	rm -rf bindings/swift/.build

include packaging/install.mk
# Not in the crate that cargo packs.
-include bindings/python/python.mk
