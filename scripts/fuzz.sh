#!/usr/bin/env bash
# Runs every fuzz target of the tree for $FUZZTIME (5s), one after the other. Without a target there is nothing to do.
set -euo pipefail

files=$(grep -rlE '^func Fuzz[A-Z_]' --include='*_test.go' . | sort) || exit 0
for file in $files; do
    package=$(dirname "$file")
    for target in $(sed -nE 's/^func (Fuzz[A-Za-z0-9_]+)\(.*/\1/p' "$file"); do
        echo "fuzz $package $target"
        "${GO:-go}" test -run '^$' -fuzz "^$target\$" -fuzztime "${FUZZTIME:-5s}" "$package"
    done
done
