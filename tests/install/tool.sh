#!/bin/sh
# tool.sh PREFIX: the installed tool, and whether its manual page and what three
# shells complete name the commands and options that its help does.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
prefix=$1
tool=$prefix/bin/wsabi
offers=$(mktemp)
trap 'rm -f "$offers"' EXIT

main() {
  expect 'wsabi --version' "wsabi $(PKG_CONFIG_PATH=$prefix/lib/pkgconfig pkg-config --modversion wsabi)" \
    "$("$tool" --version)"
  commands=$("$tool" help | grep -oE 'wsabi [a-z]+' | sed 's/.* //' | sort -u)
  expect 'commands in bash' "$commands" "$(in_bash | grep -v -e '^--')"
  expect 'commands in fish' "$commands" "$(in_fish | grep -v -e '^--')"
  expect 'commands in zsh' "$commands" "$(in_zsh | grep -v -e '^--')"
  for command in $commands; do
    [ "$command" != help ] || continue
    options=$("$tool" help "$command" | grep -oE '^  --[a-z-]+' | tr -d ' ' | sort)
    expect "options of $command in bash" "$options" "$(in_bash "$command" --)"
    expect "options of $command in fish" "$options" "$(in_fish "$command" --)"
    expect "options of $command in zsh" "$options" "$(in_zsh "$command" --)"
    expect "options of $command in wsabi(1)" "$options" "$(in_manual "$command")"
  done
}

expect() {
  [ -n "$2" ] && [ "$2" = "$3" ] && return
  printf '%s:\n%s\ninstead of\n%s\n' "$1" "$3" "$2"
  exit 1
}

# Each prints what is offered at the end of `wsabi ARGUMENT...`.

in_bash() {
  bash -c '. "$0" && COMP_WORDS=(wsabi "$@") && [ $# -gt 1 ] || COMP_WORDS+=("")
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) && _wsabi && printf "%s\n" "${COMPREPLY[@]}"' \
    "$prefix/share/bash-completion/completions/wsabi" "$@" | sort
}

in_fish() {
  fish --no-config -c "source $prefix/share/fish/vendor_completions.d/wsabi.fish
    complete -C 'wsabi $*'" | cut -f 1 | sort
}

in_zsh() {
  : > "$offers"
  timeout 20 zsh -f "$here/complete.zsh" "$prefix/share/zsh/site-functions" "$*" "$offers"
  grep . "$offers" | sort -u
}

in_manual() {
  awk -v command="$1" '/^\.S[SH]/ { is_in = $2 " " $3 == "wsabi " command } is_in' \
    "$prefix/share/man/man1/wsabi.1" | sed 's/\\-/-/g' | sed -nE 's/^\.[BRI]+ (--[a-z-]+).*/\1/p' | sort
}

main
