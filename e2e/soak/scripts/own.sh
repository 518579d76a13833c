# Lets others know its id, who may not answer for it, and answers itself.
. ./lib.sh
printf %s "$REQUEST_ID" >"$D/stolen/.$T" && mv "$D/stolen/.$T" "$D/stolen/$T"
"$D/bin/sleep" 0.1
reply -d "own-$T"
