# Answers what the document does not allow, is told so, and answers what it allows.
. ./lib.sh
TYPE=application/json
reply -d '{"token":1}'
reply -d "{\"token\":\"$T\"}"
