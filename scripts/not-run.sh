#!/usr/bin/env bash
# The summary of `make test`: which tests could not run on this machine, and why, as they have noted it in the file
# named by UROCKET_NOT_RUN (package internal/notrun).
set -euo pipefail

if [ -s "${UROCKET_NOT_RUN:?}" ]; then
    sort -u "$UROCKET_NOT_RUN"
else
    echo "every test could run here"
fi
