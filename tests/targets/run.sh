#!/bin/sh
# musl, aarch64 and s390x, which is big-endian: the tests of the core, and a C program
# with the static library, with Rust's standard library and without it. What is
# not this machine's runs under qemu-user. With arguments: those of musl, aarch64 and
# s390x alone.
set -eu
cd "$(dirname "$0")/../.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
example=c-examples/echo_buffer.c

# What takes no clock and starts no other program.
tests='--test rfc6455_frames --test rfc6455_handshake --test opening --test state --test deflate --test ffi'

main() {
  [ $# -gt 0 ] || set -- musl aarch64 s390x
  for target; do
    if [ "$target" = musl ]; then musl; else gnu "$target"; fi
  done
  echo "$*: all as it should be"
}

# Debian's musl has no libgcc_eh: only the library without std links there.
musl() {
  bare x86_64-unknown-linux-musl 'musl-gcc -static' env ''
  core x86_64-unknown-linux-musl cc env
}

gnu() {
  gnu=$1-linux-gnu
  qemu="qemu-$1-static -L /usr/$gnu"
  bare "$1-unknown-linux-gnu" "$gnu-gcc -static" "$qemu" "$gnu-"
  with_std "$1-unknown-linux-gnu" "$gnu-gcc" "$qemu"
  core "$1-unknown-linux-gnu" "$gnu-gcc" "$qemu"
}

# core TARGET LINKER RUNNER
core() {
  step "$1: the tests of the core"
  name=$(echo "$1" | tr a-z- A-Z_)
  # shellcheck disable=SC2086 # each word is an argument
  env "CARGO_TARGET_${name}_LINKER=$2" "CARGO_TARGET_${name}_RUNNER=$3" \
    cargo test --locked --target "$1" --target-dir target/targets $tests
}

# with_std TARGET CC RUNNER
with_std() {
  step "$1: a C program with the static library"
  quietly cargo rustc --locked --release --lib --crate-type staticlib --target "$1" --target-dir target/targets -- \
    --print native-static-libs="$work/libs"
  # shellcheck disable=SC2046 # each word is an argument
  $2 -Iinclude -o "$work/program" "$example" "target/targets/$1/release/libwsabi.a" $(cat "$work/libs")
  run "$3"
}

# bare TARGET CC RUNNER PREFIX-OF-BINUTILS
bare() {
  step "$1: a C program with the static library that has no std"
  quietly make bare TARGET="$1" LD="$4ld" OBJCOPY="$4objcopy" AR="$4ar"
  archive=target/bare/$1/libwsabi.a
  # Nothing but a C library is needed, and nothing but the functions is seen.
  refuse sh -c "$4nm -u '$archive' | grep -E '_Unwind|rust|dl_iterate_phdr'"
  "$4nm" -g --defined-only "$archive" | awk 'NF == 3 && $3 !~ /^wsabi_/' > "$work/exported"
  refuse grep . "$work/exported"
  $2 -Iinclude -Wl,--gc-sections -o "$work/program" "$example" "$archive"
  run "$3"
}

run() {
  # shellcheck disable=SC2086 # the runner may be several words
  timeout 60 $1 "$work/program" > "$work/log"
  grep -q '^close: 1000 bye$' "$work/log"
}

step() {
  echo "== $*"
}

quietly() {
  "$@" > "$work/log" 2>&1 || { cat "$work/log"; return 1; }
}

refuse() {
  if "$@"; then return 1; fi
}

main "$@"
