#!/usr/bin/env bash
# Fetches into bin/peers what urocket's speed is compared with and Debian does not have. What cannot be had is told, and is
# no failure: its row of the table says so.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

modules=(
    github.com/msoap/shell2http@v1.17.0
    github.com/adnanh/webhook@2.8.2
    github.com/openfaas/of-watchdog@0.11.6
)
mkdir -p bin/peers
for module in "${modules[@]}"; do
    name=${module%@*}
    name=${name##*/}
    [ ! -x "bin/peers/$name" ] || continue
    if ! out=$(GOBIN=$PWD/bin/peers CGO_ENABLED=0 "${GO:-go}" install "$module" 2>&1); then
        printf 'peers: no %s: %s\n' "$name" "$(printf '%s\n' "$out" | tail -1)" >&2
    fi
done
exit 0
