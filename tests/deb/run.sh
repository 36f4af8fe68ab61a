#!/bin/sh
# Installs the Debian packages of target/deb in a fresh system that has a C compiler
# and no Rust, builds programs there, and removes them again. It needs root, for
# chroot. The system comes from where this machine has its packages; it is kept in
# the user's cache.
set -eu
cd "$(dirname "$0")/../.."

here=$PWD/tests/deb
packages=$PWD/target/deb
example=$PWD/c-examples/echo_buffer.c
cache=${XDG_CACHE_HOME:-$HOME/.cache}/wsabi
codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
system=$cache/chroot-$codename-$(dpkg --print-architecture).tar
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root

main() {
  [ "$(id -u)" = 0 ] || { echo 'needs root, for chroot: sudo make test-deb'; exit 3; }
  step 'lintian'
  lintian --fail-on warning,error --suppress-tags initial-upload-closes-no-bugs "$packages"/*.changes
  step 'the version, and who wrote what is linked in'
  [ "$(dpkg-parsechangelog -l packaging/debian/changelog -S Version)" = "$(version)-1" ]
  linked_in | while read -r crate; do
    grep -q "[: ]$crate/\*" packaging/debian/copyright || { echo "debian/copyright lacks $crate"; exit 1; }
  done
  step "a fresh $codename"
  fresh_system
  step 'install'
  cp "$packages"/*.deb "$example" "$here/CMakeLists.txt" "$root/tmp"
  inside 'dpkg -i /tmp/*.deb'
  step 'C by pkg-config, shared and static'
  inside 'cc -o shared echo_buffer.c $(pkg-config --cflags --libs wsabi) && ./shared
    ldd shared | grep libwsabi.so.0
    cc -o static echo_buffer.c $(pkg-config --static --cflags --libs wsabi | sed s/-lwsabi/-l:libwsabi.a/) && ./static
    ! ldd static | grep wsabi'
  step 'C by CMake'
  inside 'cmake -S . -B built && cmake --build built && built/shared && built/static'
  step 'the tool'
  inside "[ \"\$(wsabi --version)\" = 'wsabi $(version)' ]
    ! printf 'GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n' | wsabi explain | grep -q 'nothing wrong'"
  step 'remove'
  inside 'dpkg --purge libwsabi-dev wsabi libwsabi0
    ! find /usr /etc /var/lib/dpkg/info -name "*wsabi*" | grep .'
  echo 'Debian packages: all as it should be'
}

version() {
  sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml
}

linked_in() {
  cargo tree --locked --edges normal --prefix none --format '{p}' | sed 's/ .*//' | grep -vx wsabi | sort -u
}

# Made once: debootstrap takes minutes.
fresh_system() {
  if [ ! -f "$system" ]; then
    mkdir -p "$cache"
    debootstrap --variant=minbase --include=gcc,libc6-dev,make,cmake,pkg-config "$codename" "$work/new" "$(mirror)" \
      > "$work/log" || { tail -20 "$work/log"; exit 1; }
    rm -rf "$work/new/var/cache/apt/archives" "$work/new/var/lib/apt/lists"
    tar -C "$work/new" --one-file-system -cf "$system.new" .
    mv "$system.new" "$system"
    rm -rf "$work/new"
  fi
  mkdir "$root"
  tar -C "$root" -xf "$system"
  inside '! command -v rustc cargo'
}

mirror() {
  apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' "Codename: $codename" | head -1
}

step() {
  echo "== $*"
}

# Runs commands in the fresh system; what they print matters only if one fails.
inside() {
  timeout 300 chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C sh -exc "cd /tmp
    $1" > "$work/log" 2>&1 || { cat "$work/log"; exit 1; }
}

main
