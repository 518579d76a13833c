# Closes what it was given, writes to it all the same, and answers.
. ./lib.sh
exec <&- >&-
echo nobody reads this
exec 2>&-
echo nor this >&2
reply -d "closed-$T"
