# Leaves daemons of every kind, and answers.
. ./lib.sh
( setsid "$D/bin/sleep" 600 <&- >&- 2>&- & )                     # own session, nothing open
( setsid sh -c 'trap "" TERM HUP; exec "$D/bin/sleep" 600' & )   # keeps stdout, takes no SIGTERM
( ( nohup "$D/bin/sleep" 600 >/dev/null 2>&1 & ) & )             # double fork, in the session
( setsid sh -c '( setsid "$D/bin/sleep" 600 & ) &' & )           # double fork, two sessions away
setsid env -i "$D/bin/sleep" 600 &                               # no environment to know it by
reply -d "daemon-$T"
