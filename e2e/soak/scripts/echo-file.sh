# The same, from the payload's file.
. ./lib.sh
reply --data-binary "@$FILE"
