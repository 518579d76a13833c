# Ends itself, or its whole process group, by the signal SIG.
. ./lib.sh
ulimit -c 0
"$D/bin/sleep" 600 &
[ "$WHO" = group ] && kill -s "$SIG" 0
kill -s "$SIG" $$
