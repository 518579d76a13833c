# Answers after N milliseconds.
. ./lib.sh
"$D/bin/sleep" "0.$(printf %03d "$N")"
reply -d "hold-$T"
