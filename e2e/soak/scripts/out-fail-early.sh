# Fails without a word.
. ./lib.sh
exit 3
