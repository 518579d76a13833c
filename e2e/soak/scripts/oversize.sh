# Answers with more than maxbody, is told so, and answers with less.
. ./lib.sh
head -c 9000000 /dev/zero | reply --data-binary @-
reply -d "oversize-$T"
