# fish completion for wsabi

set -l commands explain help

complete -c wsabi -f
complete -c wsabi -n "not __fish_seen_subcommand_from $commands" -a explain -d 'Say what is wrong with a capture'
complete -c wsabi -n "not __fish_seen_subcommand_from $commands" -a help -d 'Print how a command is used'
complete -c wsabi -n "not __fish_seen_subcommand_from $commands" -l help -d 'Print how it is used'
complete -c wsabi -n "not __fish_seen_subcommand_from $commands" -l version -d 'Print the version'

complete -c wsabi -n '__fish_seen_subcommand_from explain' -F
complete -c wsabi -n '__fish_seen_subcommand_from explain' -l frames -d 'The capture is frames'
complete -c wsabi -n '__fish_seen_subcommand_from explain' -x -l from -a 'client server' -d 'Who sent the frames'
complete -c wsabi -n '__fish_seen_subcommand_from explain' -l json -d 'Print JSON'
complete -c wsabi -n '__fish_seen_subcommand_from explain' -x -l color -a 'auto always never' -d 'Use colours'
complete -c wsabi -n '__fish_seen_subcommand_from explain' -l help -d 'Print how it is used'

complete -c wsabi -n '__fish_seen_subcommand_from help' -a explain
