# The answer is the payload, printed.
. ./lib.sh
exec cat
