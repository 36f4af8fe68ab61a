# fish completion for wsabi

set -l commands connect explain serve help

complete -c wsabi -f
complete -c wsabi -n "not __fish_seen_subcommand_from $commands" -a connect -d 'A connection on the terminal'
complete -c wsabi -n "not __fish_seen_subcommand_from $commands" -a explain -d 'Say what is wrong with a capture'
complete -c wsabi -n "not __fish_seen_subcommand_from $commands" -a serve -d 'An echo server'
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

complete -c wsabi -n '__fish_seen_subcommand_from serve' -x -l host -d 'Name or address'
complete -c wsabi -n '__fish_seen_subcommand_from serve' -x -l port -d 'Port'
complete -c wsabi -n '__fish_seen_subcommand_from serve' -r -F -l unix -d 'Listen to that socket instead'
complete -c wsabi -n '__fish_seen_subcommand_from serve' -x -l threads -d 'Threads'
complete -c wsabi -n '__fish_seen_subcommand_from serve' -x -l path -d 'Serve that path'
complete -c wsabi -n '__fish_seen_subcommand_from serve' -x -l subprotocol -d 'Know it'
complete -c wsabi -n '__fish_seen_subcommand_from serve' -x -l subprotocol-absent -a 'accept reject close' -d 'For a client that names none'
complete -c wsabi -n '__fish_seen_subcommand_from serve' -x -l subprotocol-mismatch -a 'accept reject close' -d 'For one that names no known one'
complete -c wsabi -n '__fish_seen_subcommand_from serve' -x -l origin -d 'Refuse every other'
complete -c wsabi -n '__fish_seen_subcommand_from serve' -l no-deflate -d 'Agree on no compression'
complete -c wsabi -n '__fish_seen_subcommand_from serve' -x -l max-message -d 'Of a message'
complete -c wsabi -n '__fish_seen_subcommand_from serve' -x -l opening-timeout -d 'For the opening handshake'
complete -c wsabi -n '__fish_seen_subcommand_from serve' -x -l idle-timeout -d 'End who says nothing for that long'
complete -c wsabi -n '__fish_seen_subcommand_from serve' -x -l metrics -d 'Path of the counters'
complete -c wsabi -n '__fish_seen_subcommand_from serve' -l help -d 'Print how it is used'

complete -c wsabi -n '__fish_seen_subcommand_from help' -a 'connect explain serve'
