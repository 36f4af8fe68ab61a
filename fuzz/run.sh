#!/bin/sh
# Runs every fuzz target for SECONDS (default 40), from its seeds and its corpus.
# Exit status: 0 nothing found, 1 a finding, 2 wrong usage, 3 a tool is missing.
set -u

seconds=${1:-40}
case $seconds in
'' | 0 | *[!0-9]*)
    echo "usage: $0 [SECONDS]" >&2
    exit 2
    ;;
esac
cd "$(dirname "$0")/.." || exit 2

need() { # COMMAND THAT MUST WORK, HOW TO GET IT
    if ! $1 >/dev/null 2>&1; then
        echo "missing: $1; get it with: $2" >&2
        exit 3
    fi
}
need "cargo +nightly --version" "rustup toolchain install nightly"
need "cargo fuzz --version" "cargo install cargo-fuzz --locked"

# Once for all targets, so that the seconds are seconds of fuzzing.
cargo +nightly fuzz build || exit 1

found=
for target in head frames response fields connection negotiation inflate compress explain; do
    echo "== $target"
    mkdir -p "fuzz/corpus/$target"
    cargo +nightly fuzz run "$target" "fuzz/corpus/$target" "fuzz/seeds/$target" -- \
        -max_total_time="$seconds" -max_len=4096 -timeout=10 -rss_limit_mb=2048 \
        -print_final_stats=1 || found="$found $target"
done
[ -z "$found" ] && exit
echo "findings:$found"
exit 1
