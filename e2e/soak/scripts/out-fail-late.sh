# Prints, and fails.
. ./lib.sh
printf %s "$T"
"$D/bin/sleep" 0.02
exit 3
