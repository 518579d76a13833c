# A CGI program that forgets its headers.
. ./lib.sh
echo "no headers here"
