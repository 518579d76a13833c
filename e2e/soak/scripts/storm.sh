# Forks children that fork, twelve in all, and does not wait for them.
. ./lib.sh
for a in 1 2 3; do
    (
        for b in 1 2 3; do "$D/bin/sleep" 600 & done
        "$D/bin/sleep" 600
    ) &
done
reply -d "storm-$T"
