# Fills its TMPDIR with what is hard to delete, stays in it, and answers.
. ./lib.sh
cd "$TMPDIR" || exit 9
mkdir -p deep/locked deep/unreadable many
: >deep/locked/file
for n in 1 2 3 4 5 6 7 8 9; do echo "$T" >"many/$n"; done
ln -s / root
ln -s nowhere dangling
mkfifo fifo
chmod 400 deep/locked/file
chmod 500 deep/locked
chmod 000 deep/unreadable
( cd deep/locked && exec "$D/bin/sleep" 600 ) &
reply -d "litter-$T"
