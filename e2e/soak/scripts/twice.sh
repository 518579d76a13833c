# Answers twice: the first counts.
. ./lib.sh
reply -d "one-$T"
reply -d "two-$T"
