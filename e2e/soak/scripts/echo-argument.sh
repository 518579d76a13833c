# The same, from the argument.
. ./lib.sh
printf %s "$1" | reply --data-binary @-
