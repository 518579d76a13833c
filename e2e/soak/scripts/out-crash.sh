# Prints N bytes and dies.
. ./lib.sh
yes "$T" | head -c "$N"
kill -9 $$
