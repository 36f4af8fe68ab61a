#!/bin/sh
# Sees to the tools of the test suites that are named, each a NAME_tools below.
# Installs what is missing where it can; otherwise says what is missing and how to
# get it, and exits with 3.
set -u

# One at a time: apt takes no two.
exec 9> "${TMPDIR:-/tmp}/wsabi-tools-$(id -u).lock"
flock 9

missing_packages=
hints=

# package NAME TEST...: a Debian package, needed unless TEST succeeds.
package() {
  name=$1
  shift
  "$@" > /dev/null 2>&1 || missing_packages="$missing_packages $name"
}

# hint TEXT TEST...: something that no Debian package brings.
hint() {
  text=$1
  shift
  "$@" > /dev/null 2>&1 || hints="$hints
  $text"
}

has() {
  command -v "$1"
}

has_header() {
  printf '#include <%s>\n' stdarg.h stddef.h stdint.h setjmp.h "$1" | cc -x c -E -
}

rust_tools() {
  package openssl has openssl
}

c_tools() {
  package g++ has g++
  package pkg-config has pkg-config
  package libcmocka-dev has_header cmocka.h
  package valgrind has valgrind
  package binutils has nm
  package openssl has openssl
}

loops_tools() {
  package libuv1-dev pkg-config --exists libuv
  package libevent-dev pkg-config --exists libevent
  package pkg-config has pkg-config
  package valgrind has valgrind
  package python3 has python3
  package python3-venv python3 -c 'import venv, ensurepip'
}

hosts_tools() {
  package luajit has luajit
  package golang-go has go
  package mono-mcs has mcs
  package mono-runtime has mono
  package ruby has ruby
  package php-cli php -r 'exit(extension_loaded("ffi") ? 0 : 1);'
  package nodejs has node
  package npm has npm
  package python3-venv python3 -c 'import venv, ensurepip'
}

# Its own runner finds the Pythons.
python_tools() {
  package python3 has python3
  package python3-venv python3 -c 'import venv, ensurepip'
}

install_tools() {
  package g++ has g++
  package cmake has cmake
  package pkg-config has pkg-config
  package binutils has objcopy
  package mandoc has mandoc
  package fish has fish
  package zsh has zsh
}

deb_tools() {
  package debhelper has dh
  package dpkg-dev has dpkg-buildpackage
  package lintian has lintian
  package debootstrap test -x /usr/sbin/debootstrap
  package binutils has objcopy
}

targets_tools() {
  package musl-tools has musl-gcc
  package qemu-user-static has qemu-s390x-static
  for cpu in aarch64 s390x; do
    package gcc-$cpu-linux-gnu has $cpu-linux-gnu-gcc
  done
  for target in x86_64-unknown-linux-musl aarch64-unknown-linux-gnu s390x-unknown-linux-gnu; do
    rustup target list --installed 2> /dev/null | grep -qx $target || rustup target add $target
    hint "Rust for $target: rustup target add $target" test -d "$(rustc --print sysroot)/lib/rustlib/$target"
  done
}

abi_tools() {
  package abigail-tools has abidiff
}

docs_tools() {
  package doxygen has doxygen
  package python3 has python3
}

# Built in a hurry: it runs for a second.
deny_tools() {
  cargo deny --version > /dev/null 2>&1 ||
    CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
      cargo install cargo-deny --locked
  hint 'cargo-deny: cargo install cargo-deny --locked' cargo deny --version
}

interop_tools() {
  package python3 has python3
  package python3-venv python3 -c 'import venv, ensurepip'
  package nginx-light has nginx
  package chromium has chromium
  package chromium-driver has chromedriver
  package nodejs has node
  package npm has npm
  package openssl has openssl
}

soak_tools() {
  package python3 has python3
}

# Its own runner finds Python 2.7 or says how to get it.
autobahn_tools() {
  package python3 has python3
}

# Real peers for the Swift programs; Swift itself is on PATH or .ci/swift's.
swift_tools() {
  package python3 has python3
  package python3-venv python3 -c 'import venv, ensurepip'
  package nodejs has node
  package npm has npm
}

nightly_tools() {
  has rustup > /dev/null || return
  rustup +nightly component list --installed 2> /dev/null | grep -q "$1" ||
    rustup toolchain install nightly --profile minimal --component "$1,rust-src" ||
    rustup component add --toolchain nightly "$1" rust-src
}

miri_tools() {
  nightly_tools miri
  hint 'Miri: rustup toolchain install nightly --component miri,rust-src' cargo +nightly miri --version
}

tsan_tools() {
  nightly_tools rust-src
  hint 'a nightly toolchain with rust-src: rustup toolchain install nightly --component rust-src' \
    cargo +nightly --version
}

fuzz_tools() {
  nightly_tools rust-src
  cargo fuzz --version > /dev/null 2>&1 || cargo install cargo-fuzz --locked
  package g++ has g++
  hint 'a nightly toolchain: rustup toolchain install nightly' cargo +nightly --version
  hint 'cargo-fuzz: cargo install cargo-fuzz --locked' cargo fuzz --version
}

bench_tools() {
  package libwslay-dev has_header wslay/wslay.h
  package zlib1g-dev has_header zlib.h
}

bench_echo_tools() {
  bench_tools
  package libwebsockets-dev has_header libwebsockets.h
  package nodejs has node
  package npm has npm
}

check_all() {
  missing_packages=
  hints=
  hint 'a C compiler, as cc (Debian: gcc)' has cc
  hint 'Rust, see https://rustup.rs' has cargo
  for suite; do
    "${suite}_tools"
  done
}

check_all "$@"
if [ -n "$missing_packages" ] && has apt-get > /dev/null; then
  if [ "$(id -u)" = 0 ]; then sudo=; else sudo='sudo -n'; fi
  echo "installing:$missing_packages"
  # shellcheck disable=SC2086 # each word is an argument
  $sudo apt-get update -qq &&
    DEBIAN_FRONTEND=noninteractive $sudo apt-get -o DPkg::Lock::Timeout=300 install -y -qq $missing_packages > /dev/null
  check_all "$@"
fi
[ -n "$missing_packages$hints" ] || exit 0
echo "missing for the tests ($*):"
[ -z "$missing_packages" ] || echo "  Debian packages: apt-get install$missing_packages"
[ -z "$hints" ] || echo "$hints" | sed 1d
exit 3
