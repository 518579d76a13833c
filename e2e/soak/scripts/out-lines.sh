# Prints lines for the log, some without an end.
. ./lib.sh
n=0
while [ $n -lt 20 ]; do
    echo "line $n of $T"
    n=$((n + 1))
done
printf 'the last of %s' "$T" >&2
printf %s "$T"
