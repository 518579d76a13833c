# Prints nothing.
. ./lib.sh
exit 0
