# Prints, and leaves processes that keep its stdout open.
. ./lib.sh
( setsid "$D/bin/sleep" 600 & )
( setsid sh -c 'trap "" TERM; exec "$D/bin/sleep" 600' & )
printf %s "$T"
