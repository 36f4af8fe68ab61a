#!/bin/sh
# Compares the ABI with that of tests/abi/baseline.ffi.h, a header of before, runs a
# program that was compiled against it, and shows that a break would be found: a
# change of struct, parameter, function or constant, made in a copy of the
# sources. `make abi-baseline` accepts what there is now.
#
# Compared are C libraries with the declarations of both headers, whose functions do
# nothing: their debug information holds what a C program sees and nothing else,
# whereas that of the Rust library has all private types, the paths of the machine
# and the version of rustc in it. That the library exports these very functions
# is checked in tests/c.
set -eu
cd "$(dirname "$0")/../.."

baseline=tests/abi/baseline.ffi.h
copy=target/abi/copy
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# witness HEADER LIBRARY: with a body for each function, and a variable for the enum
# of the constants.
witness() {
  {
    printf '#include <stddef.h>\n#include <stdint.h>\n'
    sed 's/^enum {$/enum wsabi_constants {/; /^typedef/!s/);$/) { __builtin_trap(); }/' "$1"
    echo 'enum wsabi_constants wsabi_constants;'
  } | cc -x c -std=c11 -g -shared -fPIC -o "$2" -
}

# New functions and constants are none of a program's business.
compare() {
  witness "$baseline" "$work/baseline.so"
  witness "$1" "$work/now.so"
  abidiff --no-added-syms "$work/baseline.so" "$work/now.so"
}

# A program of before, with the library of now.
program() {
  mkdir "$work/include"
  {
    printf '#include <stddef.h>\n#include <stdint.h>\n'
    cat "$baseline"
  } > "$work/include/wsabi.h"
  cc -I"$work/include" -o "$work/program" c-examples/echo_buffer.c -Ltarget/release -lwsabi
  LD_LIBRARY_PATH=target/release "$work/program" > "$work/log"
  grep -q '^close: 1000 bye$' "$work/log"
  echo 'runs: a program compiled against the baseline'
}

fresh_copy() {
  rm -rf "$copy"
  mkdir -p "$copy"
  cp -R Cargo.toml Cargo.lock build.rs cbindgen.toml src include "$copy"
}

# seed FILE SED-SCRIPT: a copy of the sources with one change, and its header.
seed() {
  fresh_copy
  sed -z -i "$2" "$copy/$1"
  if cmp -s "$1" "$copy/$1"; then
    echo "nothing to change in $1: $2"
    exit 1
  fi
  cargo check --quiet --locked --lib --manifest-path "$copy/Cargo.toml" --target-dir target 2> "$work/log" ||
    { cat "$work/log"; exit 1; }
}

must_fail() {
  name=$1
  shift
  seed "$@"
  if compare "$copy/include/wsabi.ffi.h" > "$work/log"; then
    echo "not found: $name"
    exit 1
  fi
  echo "found: $name"
}

must_pass() {
  name=$1
  shift
  seed "$@"
  if ! compare "$copy/include/wsabi.ffi.h" > "$work/log"; then
    cat "$work/log"
    echo "not allowed: $name"
    exit 1
  fi
  echo "allowed: $name"
}

compare include/wsabi.ffi.h > "$work/log" || { cat "$work/log"; echo 'the ABI changed; if it may: make abi-baseline'; exit 1; }

program
must_fail 'a field of a struct moved' src/ffi/conn.rs \
  's/\(    pub data: \*const c_char,\n\)\(    [^\n]*\n    pub len: usize,\n\)/\2\1/'
must_fail 'a parameter widened' src/ffi/version.rs \
  's/fn wsabi_failure_text(failure: wsabi_failure)/fn wsabi_failure_text(failure: i64)/
   s/from_number(failure\.0)/from_number(failure as i32)/'
must_fail 'a function removed' src/ffi/version.rs \
  's/#\[unsafe(no_mangle)\]\n\(pub extern "C" fn wsabi_version\)/\1/'
must_fail 'a constant changed' src/ffi/conn.rs \
  's/\(WSABI_EVENT_TEXT: wsabi_event_type = wsabi_event_type\)(4)/\1(400)/'
must_pass 'a field of an opaque type moved' src/ffi/conn.rs \
  's/\(    connection: Option<Connection>,\n\)\(    user_data: \*mut c_void,\n\)/\2\1/'
must_pass 'a constant and a function added' src/ffi/version.rs \
  's/$/\n\/\/\/ Seeded.\npub const WSABI_SEEDED: u32 = 1;\n\/\/\/ Seeded.\n#[unsafe(no_mangle)]\npub extern "C" fn wsabi_seeded() {}\n/'
rm -rf "$copy"
echo 'ABI: as in the baseline'
