#!/usr/bin/env bash
# Fetches a minimal Debian with some packages and prints the path of its archive, which is kept for a week. As root: the
# files belong to several users.
#
#   scripts/vm/base.sh SUITE PACKAGE,PACKAGE...
set -euo pipefail
suite=$1 packages=$2
cache=${UROCKET_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/urocket}/debian
base=$cache/$suite-$(printf '%s' "$packages" | sha256sum | cut -c 1-12).tar

[ "$(id -u)" -eq 0 ] || { echo "base: only root can do that" >&2 && exit 1; }
if [ -z "$(find "$base" -mtime -7 2>/dev/null)" ]; then
    mkdir -p "$cache"
    echo "base: fetching Debian $suite with $packages" >&2
    new=$(mktemp "$cache/new.XXXXXX")
    trap 'rm -f "$new"' EXIT
    mmdebstrap --quiet --variant=apt --format=tar --include="$packages" "$suite" - >"$new"
    mv "$new" "$base"
fi
printf '%s\n' "$base"
