# Ends without an answer.
. ./lib.sh
exit "$N"
