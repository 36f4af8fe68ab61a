#!/bin/sh
# Installs into empty prefixes, builds programs outside the checkout with what is
# there, and uninstalls. Stops at the first thing that is not as it should be.
set -eu
cd "$(dirname "$0")"

here=$PWD
root=$(cd ../.. && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A user's own prefix, and a package of a distribution with several architectures.
prefix=$work/prefix
staged=$work/staged
multiarch=lib/some-linux-gnu
example=$root/c-examples/echo_buffer.c

main() {
  cd "$work"
  step 'install'
  install_both
  step 'files, links and modes'
  (cd "$staged/usr" && find . ! -type d ! -path './share/man/man3/*' -printf '%m %P %l\n') | sed 's/ $//' |
    LC_ALL=C sort -k 2 | diff "$here/files.txt" -
  refuse grep -rI "$work\|$root" "$staged"
  step 'soname, stripped'
  objdump -p "$prefix/lib/libwsabi.so" | grep -q ' SONAME  *libwsabi.so.0$'
  readelf -SW "$prefix/lib/libwsabi.so" > sections
  refuse grep -E 'symtab|debug' sections
  step 'the archive exports the functions of the header alone'
  nm -g --defined-only "$prefix/lib/libwsabi.a" | awk 'NF == 3 { print $3 }' | LC_ALL=C sort > exported
  grep -o '\bwsabi_[a-z0-9_]*(' "$prefix/include/wsabi.ffi.h" | tr -d '(' | LC_ALL=C sort | diff - exported
  step 'the manual'
  manual
  step 'the tool: its manual page and completions say what its help does'
  "$here/tool.sh" "$prefix"
  step 'C by pkg-config'
  by_pkg_config
  step 'C++ by CMake'
  by_cmake
  step 'static, beside another Rust library'
  beside_rust
  step 'the module map'
  module_map
  step 'the same from cargo-c'
  cargo_c
  step 'uninstall'
  make_quietly uninstall PREFIX="$prefix"
  make_quietly uninstall PREFIX=/usr LIBDIR=/usr/$multiarch DESTDIR="$staged"
  find "$prefix" "$staged" ! -type d > left
  find "$prefix" "$staged" -name 'wsabi*' >> left
  refuse grep . left
  echo 'installation: all as it should be'
}

install_both() {
  make_quietly package
  # As behind `sudo`, which often has no cargo: everything is built already.
  make_quietly install PREFIX="$prefix" CARGO=false
  make_quietly install PREFIX=/usr LIBDIR=/usr/$multiarch DESTDIR="$staged" CARGO=false
}

# A page for each function and type, and wsabi.3; nothing in them that a formatter
# warns about, but that they have no date.
manual() {
  {
    echo wsabi
    cat exported
    sed -n 's/^\(typedef .* \|} \)\(wsabi_[a-z_]*\);$/\2/p; s/^typedef .*(\*\(wsabi_[a-z_]*\)).*/\1/p' \
      "$prefix/include/wsabi.h"
  } | LC_ALL=C sort > expected
  (cd "$prefix/share/man/man3" && find . -type f -printf '%f\n') | sed 's/\.3$//' | LC_ALL=C sort | diff expected -
  mandoc -T lint -W warning "$prefix"/share/man/man?/*.? > warnings || true
  refuse grep -v 'missing date' warnings
  # What `man wsabi_conn_recv` shows has all its parts.
  mandoc -T utf8 "$prefix/share/man/man3/wsabi_conn_recv.3" | sed 's/.\x08//g' > page
  for heading in NAME SYNOPSIS DESCRIPTION 'RETURN VALUE' 'SEE ALSO'; do
    grep -q "^$heading$" page
  done
}

by_pkg_config() {
  PKG_CONFIG_PATH=$prefix/lib/pkgconfig
  export PKG_CONFIG_PATH
  # shellcheck disable=SC2046 # each word is an argument
  cc -o shared "$example" $(pkg-config --cflags --libs wsabi)
  LD_LIBRARY_PATH=$prefix/lib ldd shared | grep -q "=> $prefix/lib/libwsabi.so.0 "
  LD_LIBRARY_PATH=$prefix/lib run ./shared
  # -l would find the shared library first, so the archive goes in by its name.
  # shellcheck disable=SC2046 # each word is an argument
  cc -o static "$example" $(pkg-config --static --cflags --libs wsabi | sed 's/-lwsabi/-l:libwsabi.a/')
  run ./static
  # A tree that was moved, the case of images and relocatable SDKs.
  pkg-config --define-prefix --variable=includedir wsabi | grep -qx "$prefix/include"
}

# From where the package was staged, although it is built for /usr.
by_cmake() {
  quietly cmake -S "$here" -B cmake -DWHERE="$staged/usr/$multiarch/cmake/wsabi" \
    -DVERSION="$(pkg-config --modversion wsabi)"
  quietly cmake --build cmake
  ldd cmake/shared | grep -q "=> $staged/usr/$multiarch/libwsabi.so.0 "
  ldd cmake/static > needed
  refuse grep wsabi needed
  run cmake/shared
  run cmake/static
}

beside_rust() {
  libs=$(pkg-config --static --libs-only-l wsabi | sed 's/-lwsabi//')
  for lto in off fat; do
    rustc --edition 2021 --crate-type staticlib -O -C lto=$lto -o libother.a "$here/other.rs"
    # shellcheck disable=SC2086 # each word is an argument
    {
      cc -I"$prefix/include" -o beside "$here/beside.c" libother.a "$prefix/lib/libwsabi.a" $libs
      run ./beside
      cc -I"$prefix/include" -o beside "$here/beside.c" "$prefix/lib/libwsabi.a" libother.a $libs
      run ./beside
    }
  done
  # What cargo leaves does not do: this is why the symbols are made local.
  # shellcheck disable=SC2086 # each word is an argument
  refuse cc -I"$prefix/include" -o beside "$here/beside.c" libother.a \
    "$root/target/install/release/libwsabi.a" $libs 2> errors
  grep -q 'multiple definition' errors
}

# As the Swift package and everybody behind it reads the header.
module_map() {
  tool swift || return 0
  printf 'import CWsabi\nlet event = wsabi_event(type: WSABI_EVENT_TEXT, flags: 0, code: 0, data: nil, len: 0)\n' > module.swift
  swift -frontend -typecheck -warnings-as-errors -swift-version 6 -module-cache-path "$work/modules" \
    -Xcc "-fmodule-map-file=$prefix/include/wsabi/module.modulemap" module.swift
}

# The library alone: same names, headers, soname, symbols and flags. Built in a hurry,
# since none of it runs.
cargo_c() {
  tool cargo-cinstall || return 0
  (cd "$root" && quietly env CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_OPT_LEVEL=0 \
    CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 cargo cinstall --locked --release --target-dir target/cargo-c \
    --destdir "$work/cargo-c" --prefix /usr --libdir $multiarch)
  (cd "$work/cargo-c/usr" && find . ! -type d -printf '%m %P\n') | LC_ALL=C sort -k 2 > files
  awk '$2 !~ /cmake|^bin|^share/ { print $1, $2 }' "$here/files.txt" | diff - files
  diff -r "$staged/usr/include" cargo-c/usr/include
  for tree in staged cargo-c; do
    library=$tree/usr/$multiarch/libwsabi.so
    {
      objdump -p "$library" | grep SONAME
      nm -D --defined-only "$library" | cut -d ' ' -f 2-
      export PKG_CONFIG_ALLOW_SYSTEM_CFLAGS=1 PKG_CONFIG_PATH="$work/$tree/usr/$multiarch/pkgconfig"
      pkg-config --modversion wsabi
      pkg-config --cflags --libs wsabi
      pkg-config --static --libs wsabi | tr ' ' '\n' | sort -u
    } > $tree.seen
  done
  diff staged.seen cargo-c.seen
}

# Whether the tool is there that not every machine has. In CI it has to be.
tool() {
  command -v "$1" > /dev/null && return
  [ "${CI:-}" = true ] || { echo "SKIPPED, there is no $1 on PATH"; return 1; }
  echo "missing for the tests (install): $1 on PATH, which .ci/swift brings to a machine with Debian and root"
  exit 3
}

# What is printed last is what failed.
step() {
  echo "== $*"
}

make_quietly() {
  quietly make -C "$root" "$@"
}

quietly() {
  timeout 600 "$@" > "$work/log" 2>&1 || { cat "$work/log"; return 1; }
}

run() {
  timeout 20 "$@" > "$work/log"
}

# Inverts a status so that `set -e` sees it.
refuse() {
  if "$@"; then return 1; fi
}

main
