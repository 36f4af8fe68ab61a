#!/bin/sh
# Every test of the Swift package, against the library in target/release: style,
# the tests under AddressSanitizer, which looks for leaks too, and what the
# compiler has to refuse. Stops at the first thing that is not as it should be.
#
# Without `swift` on PATH the suite is skipped, in CI it fails: .ci/swift.
set -eu
cd "$(dirname "$0")/.."

root=$(cd ../.. && pwd)
export PKG_CONFIG_PATH="$root/c-examples/build" LD_LIBRARY_PATH="$root/target/release"

main() {
  if ! command -v swift > /dev/null; then
    [ "${CI:-}" = true ] || { echo 'Swift: SKIPPED, there is no swift on PATH'; return 0; }
    echo 'missing for the tests (swift): swift 6.0 on PATH'
    return 3
  fi
  step 'style'
  swift format lint --strict --recursive Package.swift Sources Tests
  step 'tests, under AddressSanitizer'
  # XCTest, which has no test here, leaks by itself.
  swift test --disable-xctest --sanitize=address -Xswiftc -warnings-as-errors
  step 'what the compiler has to refuse'
  refused types
  refused ownership
  echo 'Swift: all as it should be'
}

# The lines that are marked must be those of the errors.
refused() {
  source=Tests/refused/$1.swift
  grep -n '// refused$' "$source" | cut -d : -f 1 > .build/marked
  swift -frontend -emit-sil -o /dev/null -swift-version 6 -module-name refused -I .build/debug/Modules \
    -Xcc -fmodule-map-file=Sources/CWsabi/module.modulemap -Xcc -I"$root/include" "$source" 2> .build/errors || true
  sed -n "s|^$source:\([0-9]*\):[0-9]*: error: .*|\1|p" .build/errors | sort -nu | diff .build/marked -
}

# What is printed last is what failed.
step() {
  echo "== $*"
}

main
