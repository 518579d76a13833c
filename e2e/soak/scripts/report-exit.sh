# Prints and ends with a code; the report is the answer.
. ./lib.sh
echo "out-$T"
echo "err-$T" >&2
exit "$N"
