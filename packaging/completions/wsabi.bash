# bash completion for wsabi

_wsabi() {
  local command='' cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
  [ "$COMP_CWORD" -lt 2 ] || command=${COMP_WORDS[1]}
  # "=" is a word of its own to bash.
  [ "$cur" != = ] || cur=
  [ "$prev" != = ] || prev=${COMP_WORDS[COMP_CWORD - 2]}
  case $command$prev in
    explain--from) COMPREPLY=($(compgen -W 'client server' -- "$cur")) && return ;;
    explain--color) COMPREPLY=($(compgen -W 'auto always never' -- "$cur")) && return ;;
    connect--subprotocol | connect--header | connect--origin | connect--ping | connect--close) return ;;
  esac
  case $command/$cur in
    explain/-*) COMPREPLY=($(compgen -W '--frames --from --json --color --help' -- "$cur")) ;;
    explain/*) COMPREPLY=($(compgen -f -- "$cur")) ;;
    connect/-*)
      COMPREPLY=($(compgen -W '--subprotocol --header --origin --ping --close --no-deflate --help' -- "$cur")) ;;
    connect/*) COMPREPLY=($(compgen -W 'ws://' -- "$cur")) ;;
    help/*) COMPREPLY=($(compgen -W 'connect explain' -- "$cur")) ;;
    /*) COMPREPLY=($(compgen -W 'connect explain help --help --version' -- "$cur")) ;;
  esac
}

complete -o filenames -F _wsabi wsabi
