# Proves that no other script of the same lock runs. The child keeps the lock until it is ended.
. ./lib.sh
exec 9>"$D/lock-$LOCK"
flock -n -E 50 9 # it may be killed itself
[ $? = 50 ] && note not-alone
"$D/bin/sleep" 600 &
"$D/bin/sleep" 0.02
reply -d "alone-$T"
