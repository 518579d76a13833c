# Answers only when it is told to end, after its timeout.
. ./lib.sh
trap 'reply -d "late-$T"; exit 0' TERM
"$D/bin/sleep" 600 &
wait
