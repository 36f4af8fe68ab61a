#!/bin/sh
# Every test of the Swift package, against the library in target/release: style,
# the tests under AddressSanitizer, which looks for leaks too, what the compiler
# has to refuse, then the programs with real peers. Stops at the first thing that
# is not as it should be.
#
# Without `swift` on PATH the suite is skipped, in CI it fails: .ci/swift.
set -eu
cd "$(dirname "$0")/.."

root=$(cd ../.. && pwd)
export PKG_CONFIG_PATH="$root/c-examples/build" LD_LIBRARY_PATH="$root/target/release"

main() {
  mkdir -p .build
  if ! command -v swift > /dev/null; then
    [ "${CI:-}" = true ] || { echo 'Swift: SKIPPED, there is no swift on PATH'; return 0; }
    echo 'missing for the tests (swift): swift 6.0 on PATH'
    return 3
  fi
  step 'style'
  swift format lint --strict --recursive Package.swift Sources Benchmarks Examples Tests
  step 'everything of the header'
  complete
  step 'tests, under AddressSanitizer'
  # XCTest, which has no test here, leaks by itself.
  swift test --disable-xctest --sanitize=address -Xswiftc -warnings-as-errors
  step 'what the compiler has to refuse'
  refused types
  refused ownership
  step 'the programs, with real peers'
  swift build -c release -Xswiftc -warnings-as-errors
  "$root/tests/tools.sh" swift
  run example-memory > .build/memory
  tail -n 1 .build/memory | grep -qx 'server: closes its socket'
  "$root/tests/interop/brief.py" --server "$(program wsabi-echo)" --client "$(program example-client)"
  # It takes a port; the case gives --host HOST --port PORT.
  "$root/tests/interop/brief.py" --server "sh -c 'exec $(program example-handler) \"\$4\"' sh" \
    --only starscream-request autobahn-request frame-behind-head byte-by-byte
  step 'the Autobahn testsuite against wsabi-echo: all of sections 1 to 7 and 10, a part of 12 and 13'
  "$root/tests/autobahn/run.py" --server "$(program wsabi-echo)" --cases '[1-7].*' '10.*' '12.?.1' '13.?.5'
  echo 'Swift: all as it should be'
}

# Functions and constants that the package does without: what Swift has itself,
# what is there twice for C, `explain`, which is the tool's, and the embedded server: Swift
# has SwiftNIO.
without='wsabi_(conn_(set_)?user_data|conn_set_trace|conn_head_find|conn_head_query_parameter|conn_respond|conn_send_(text|binary)'
without="$without|config_get|option_info|abi_version|version|explain[a-z_]*|explanation[a-z_]*)"
without="$without|WSABI_(ERR_(NULL|NOT_FOUND)|FINDING_[A-Z0-9_]*|SEVERITY_[A-Z]*|PLACE_[A-Z]*|[A-Z_]*_INIT|ABI_VERSION)"
without="$without|WSABI_(VERSION[A-Z_]*|STATE_CLOSED|API|H)|wsabi_(server|remote)_[a-z_]*"
without="$without|WSABI_(ERR_IO|LISTEN_[A-Z_]*|STAGE_[A-Z]*|OPTION_(MAX_CONNECTIONS[A-Z_]*|READ_SIZE))"

complete() {
  {
    grep -oE '\bwsabi_[a-z_]+\(' "$root/include/wsabi.ffi.h" | tr -d '('
    sed -nE 's/^#define (WSABI_[A-Z0-9_]+).*/\1/p' "$root/include/wsabi.h"
  } | sort -u | grep -vxE "$without" | while read -r name; do
    grep -rqw "$name" Sources/Wsabi || echo "lacks $name"
  done > .build/lacks
  ! grep . .build/lacks
}

# The lines that are marked must be those of the errors.
refused() {
  source=Tests/refused/$1.swift
  grep -n '// refused$' "$source" | cut -d : -f 1 > .build/marked
  swift -frontend -emit-sil -o /dev/null -swift-version 6 -module-name refused -I .build/debug/Modules \
    -Xcc -fmodule-map-file=Sources/CWsabi/module.modulemap -Xcc -I"$root/include" "$source" 2> .build/errors || true
  sed -n "s|^$source:\([0-9]*\):[0-9]*: error: .*|\1|p" .build/errors | sort -nu | diff .build/marked -
}

# The command of a program that was built. A toolchain from .ci has its own
# system libraries.
program() {
  echo "$(command -v swift-env) $PWD/.build/release/$1"
}

# shellcheck disable=SC2046 # each word is an argument
run() {
  timeout 20 $(program "$1")
}

# What is printed last is what failed.
step() {
  echo "== $*"
}

main
