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
    serve--subprotocol-absent | serve--subprotocol-mismatch)
      COMPREPLY=($(compgen -W 'accept reject close' -- "$cur")) && return ;;
    serve--unix) COMPREPLY=($(compgen -f -- "$cur")) && return ;;
    serve--no-deflate | serve--help) ;;
    serve--*) return ;;
    connect--subprotocol | connect--header | connect--origin | connect--ping | connect--close) return ;;
  esac
  case $command/$cur in
    explain/-*) COMPREPLY=($(compgen -W '--frames --from --json --color --help' -- "$cur")) ;;
    explain/*) COMPREPLY=($(compgen -f -- "$cur")) ;;
    connect/-*)
      COMPREPLY=($(compgen -W '--subprotocol --header --origin --ping --close --no-deflate --help' -- "$cur")) ;;
    connect/*) COMPREPLY=($(compgen -W 'ws://' -- "$cur")) ;;
    serve/*)
      COMPREPLY=($(compgen -W '--host --port --unix --threads --path --subprotocol --subprotocol-absent
        --subprotocol-mismatch --origin --no-deflate --max-message --opening-timeout --idle-timeout --metrics --help' -- "$cur")) ;;
    help/*) COMPREPLY=($(compgen -W 'connect explain serve' -- "$cur")) ;;
    /*) COMPREPLY=($(compgen -W 'connect explain serve help --help --version' -- "$cur")) ;;
  esac
}

complete -o filenames -F _wsabi wsabi
