# Prints its token N bytes long.
. ./lib.sh
yes "$T" | head -c "$N"
