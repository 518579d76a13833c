# Writes more than any pipe holds to both streams, and answers.
. ./lib.sh
yes "out $T" | head -c "$N"
yes "err $T" | head -c "$N" >&2
reply -d "flood-$T"
