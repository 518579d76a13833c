# A CGI program whose body is the payload.
. ./lib.sh
printf 'Status: 201\r\nContent-Type: application/octet-stream\r\nX-Token: %s\r\n\r\n' "$T"
exec cat
