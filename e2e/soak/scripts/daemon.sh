# Leaves daemons of every kind, and answers.
. ./lib.sh
( setsid "$D/bin/sleep" "$LIFE" <&- >&- 2>&- & )                     # own session, nothing open
( setsid sh -c 'trap "" TERM HUP; exec "$D/bin/sleep" "$LIFE"' & )   # keeps stdout, takes no SIGTERM
( ( nohup "$D/bin/sleep" "$LIFE" >/dev/null 2>&1 & ) & )             # double fork, in the session
( setsid sh -c '( setsid "$D/bin/sleep" "$LIFE" & ) &' & )           # double fork, two sessions away
setsid env -i "$D/bin/sleep" "$LIFE" &                               # no environment to know it by
reply -d "daemon-$T"
