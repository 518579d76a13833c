#!/bin/sh
# A CGI program as it has been written since 1993: headers, an empty line, the body.
# The address of the request is in the environment; QUERY_STRING "category=cat" gives the cats alone.

csv=../php/data/pets.csv
category=
case "${QUERY_STRING-}" in category=*) category=${QUERY_STRING#category=} ;; esac

echo "Content-Type: text/csv; charset=utf-8"
echo "Content-Disposition: attachment; filename=pets.csv"
echo
awk -F, -v want="$category" 'NR == 1 || want == "" || $3 == want' "$csv"
