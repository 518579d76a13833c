# Prints, and then nothing more.
. ./lib.sh
printf %s "$T"
exec "$D/bin/sleep" 600
