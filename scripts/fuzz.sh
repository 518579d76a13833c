#!/usr/bin/env bash
# Runs every fuzz target of the tree for $FUZZTIME (20000x: so many inputs; or a time such as 30s), one after the other. Without a target there is nothing to do.
set -euo pipefail

files=$(grep -rlE '^func Fuzz[A-Z_]' --include='*_test.go' . | sort) || exit 0
for file in $files; do
    package=$(dirname "$file")
    for target in $(sed -nE 's/^func (Fuzz[A-Za-z0-9_]+)\(.*/\1/p' "$file"); do
        echo "fuzz $package $target"
        "${GO:-go}" test -run '^$' -fuzz "^$target\$" -fuzztime "${FUZZTIME:-20000x}" "$package"
    done
done
