# complete.zsh DIRECTORY WORDS FILE: writes to FILE what zsh offers at the end of
# WORDS. It completes in a terminal alone, so it gets one.
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "fpath=($1 \$fpath); autoload -U compinit; compinit -u -D; bindkey '^I' complete-word"
# Every offer is given to compadd, which with -O, -A or -D only sorts them.
zpty -w shell "compadd() {
  local -a offers
  if [[ \" \$* \" != *' -'[OAD]' '* ]]; then
    builtin compadd -A offers \"\$@\"
    print -l -- \$offers >> $3
  fi
  builtin compadd \"\$@\"
}"
zpty -w shell "comppostfuncs=(exit)"
zpty -n -w shell "wsabi $2"$'\t'
while zpty -r shell line; do :; done
