# Answers.
. ./lib.sh
reply -d "plain-$T"
