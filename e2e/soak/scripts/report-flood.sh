# Prints more than a report shows.
. ./lib.sh
yes "$T" | head -c 200000
printf 'end-%s' "$T"
