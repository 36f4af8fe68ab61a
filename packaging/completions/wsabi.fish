# fish completion for wsabi

set -l commands connect explain help

complete -c wsabi -f
complete -c wsabi -n "not __fish_seen_subcommand_from $commands" -a connect -d 'A connection on the terminal'
complete -c wsabi -n "not __fish_seen_subcommand_from $commands" -a explain -d 'Say what is wrong with a capture'
complete -c wsabi -n "not __fish_seen_subcommand_from $commands" -a help -d 'Print how a command is used'
complete -c wsabi -n "not __fish_seen_subcommand_from $commands" -l help -d 'Print how it is used'
complete -c wsabi -n "not __fish_seen_subcommand_from $commands" -l version -d 'Print the version'

complete -c wsabi -n '__fish_seen_subcommand_from connect' -x -l subprotocol -d 'Offer it'
complete -c wsabi -n '__fish_seen_subcommand_from connect' -x -l header -d 'Add a header field to the request'
complete -c wsabi -n '__fish_seen_subcommand_from connect' -x -l origin -d 'Say what a browser would'
complete -c wsabi -n '__fish_seen_subcommand_from connect' -x -l ping -d 'Ping so often, in seconds'
complete -c wsabi -n '__fish_seen_subcommand_from connect' -x -l close -d 'Code of the Close at the end of the input'
complete -c wsabi -n '__fish_seen_subcommand_from connect' -l no-deflate -d 'Offer no compression'
complete -c wsabi -n '__fish_seen_subcommand_from connect' -l help -d 'Print how it is used'

complete -c wsabi -n '__fish_seen_subcommand_from explain' -F
complete -c wsabi -n '__fish_seen_subcommand_from explain' -l frames -d 'The capture is frames'
complete -c wsabi -n '__fish_seen_subcommand_from explain' -x -l from -a 'client server' -d 'Who sent the frames'
complete -c wsabi -n '__fish_seen_subcommand_from explain' -l json -d 'Print JSON'
complete -c wsabi -n '__fish_seen_subcommand_from explain' -x -l color -a 'auto always never' -d 'Use colours'
complete -c wsabi -n '__fish_seen_subcommand_from explain' -l help -d 'Print how it is used'

complete -c wsabi -n '__fish_seen_subcommand_from help' -a 'connect explain'
