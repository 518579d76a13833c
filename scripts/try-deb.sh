#!/usr/bin/env bash
# Installs a Debian package where there is nothing but Debian, has urocket serve there, and removes it again:
#
#   scripts/try-deb.sh chroot FILE.deb [SUITE]    in a minimal chroot, with namespaces of its own for processes, mounts
#                                                 and network
#   scripts/try-deb.sh boot FILE.deb [SUITE]      in a virtual machine with systemd, where limits are real
#
# As root. What is done there is in scripts/trydeb. SUITE is bookworm unless it is said. The exit status is 0 if all was as
# it should be.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
[ $# -ge 2 ] || { sed -n '2,9p' "$0" >&2 && exit 2; }
mode=$1 deb=$(realpath "$2") suite=${3:-bookworm}

work=$(mktemp -d)
trap 'rm -rf --one-file-system "$work"' EXIT
cp "$deb" "$work/urocket.deb"

in_chroot() {
    local base
    base=$("$here/vm/base.sh" "$suite" adduser)
    mkdir "$work/root"
    tar -x --numeric-owner -f "$base" -C "$work/root"
    mkdir "$work/root/t"
    cp "$work/urocket.deb" "$here/trydeb/chroot.sh" "$work/root/t"
    unshare --mount --pid --net --fork --kill-child bash -ec '
        PATH=$PATH:/usr/sbin:/sbin
        ip link set lo up 2>/dev/null || busybox ip link set lo up
        mount -t proc proc "$0/proc"
        exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root DEBIAN_FRONTEND=noninteractive \
            timeout 300 chroot "$0" /bin/bash /t/chroot.sh' "$work/root"
}

case $mode in
chroot) in_chroot ;;
boot) "$here/vm/debian.sh" -s "$suite" -p adduser,php-cli,php-curl,curl -f "$work/urocket.deb" "$here/trydeb/boot.sh" ;;
*) echo "try-deb: the first argument is chroot or boot" >&2 && exit 2 ;;
esac
