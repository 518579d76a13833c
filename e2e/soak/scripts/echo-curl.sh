# The answer is the payload, posted by curl.
. ./lib.sh
reply --data-binary @-
