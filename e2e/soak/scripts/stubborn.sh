# Takes no SIGTERM.
. ./lib.sh
trap '' TERM HUP INT
"$D/bin/sleep" 600 &
exec "$D/bin/sleep" 600
