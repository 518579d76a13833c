#!/usr/bin/env bash
# Fails, and names the files, if any Go file is not formatted as gofumpt would.
set -euo pipefail

files=$("${GO:-go}" tool gofumpt -l .)
if [ -n "$files" ]; then
    printf 'not formatted; run: go tool gofumpt -w .\n%s\n' "$files" >&2
    exit 1
fi
