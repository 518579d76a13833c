#!/usr/bin/env bash
# Runs urocket in containers, in the ways of the table in docs/containers.md, in a virtual machine with systemd, podman, crun
# and runc. What is done there is in scripts/trycontainer. As root. The exit status is 0 if all was as it should be.
#
#   scripts/try-container.sh BINARY
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$1" "$work/urocket"
"$here/vm/debian.sh" -p podman,crun,runc,curl,procps,busybox-static,php-cli -f "$work/urocket" "$here/trycontainer/boot.sh"
