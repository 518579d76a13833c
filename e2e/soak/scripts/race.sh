# Two processes answer at the same time: one of them counts.
. ./lib.sh
reply -d "race-$T" &
reply -d "race-$T" &
wait
