# Prints, and leaves processes that keep its stdout open.
. ./lib.sh
( setsid "$D/bin/sleep" "$LIFE" & )
( setsid sh -c 'trap "" TERM; exec "$D/bin/sleep" "$LIFE"' & )
printf %s "$T"
