#!/bin/sh
# Loads the shared library into other languages, from include/wsabi.ffi.h alone, but for
# Go, which reads C: an opening handshake and an echo in each. Packages go to target/test-tools.
# Exit status: 0 all passed, 1 some failed, 3 a tool is missing.
set -u
cd "$(dirname "$0")" || exit 2

root=$(cd ../.. && pwd)
tools=$root/target/test-tools/hosts
library=$root/target/release/libwsabi.so
declarations=$root/include/wsabi.ffi.h

# once MANIFEST COMMAND...: runs COMMAND unless it did for this very manifest.
once() {
  manifest=$1
  shift
  cmp -s "$manifest" "$tools/$manifest.done" && return
  mkdir -p "$tools" && "$@" && cp "$manifest" "$tools/$manifest.done"
}

install_python() {
  python3 -m venv --clear "$tools/venv" &&
    timeout 300 "$tools/venv/bin/pip" install --quiet --no-deps -r requirements.txt
}

install_node() {
  cp package.json package-lock.json "$tools/" &&
    timeout 300 npm ci --prefix "$tools" --silent --ignore-scripts --no-audit --no-fund
}

once requirements.txt install_python || { echo 'missing: pip cannot install requirements.txt'; exit 3; }
once package-lock.json install_node || { echo 'missing: npm cannot install package-lock.json'; exit 3; }

passed=0
failed=0
host() {
  if timeout 60 "$@" "$library" "$declarations"; then
    passed=$((passed + 1))
    echo "ok      $*"
  else
    failed=$((failed + 1))
    echo "FAILED  $*"
  fi
}

host luajit echo.lua
host ruby echo.rb
host php -d ffi.enable=1 echo.php
host env NODE_PATH="$tools/node_modules" node echo.cjs
host "$tools/venv/bin/python" echo.py
export LD_LIBRARY_PATH="$root/target/release"
host env GODEBUG=cgocheck=2 CGO_CFLAGS="-I$root/include" CGO_LDFLAGS="$library" go run echo.go
mcs -warnaserror -out:"$tools/echo.exe" echo.cs || exit 1
host mono "$tools/echo.exe"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
