#!/usr/bin/env bash
# Boots an emulated machine with an arm64 processor, a Debian kernel and a whole cgroup v2, and has urocket serve there, with
# cgroups and without. What is done there is in scripts/tryarm64. As root. The exit status is 0 if all was as it should be.
#
#   scripts/try-arm64.sh BINARY
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cache=${UROCKET_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/urocket}/arm64
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Nothing of the packages is run: they are unpacked.
if [ ! -s "$cache/vmlinuz" ]; then
    mkdir -p "$cache"
    mmdebstrap --quiet --architectures=arm64 --variant=extract --format=tar --include=linux-image-cloud-arm64,busybox-static bookworm "$work/debian.tar" >&2
    tar -x -C "$work" -f "$work/debian.tar" --wildcards ./bin/busybox './boot/vmlinuz-*'
    rm "$work/debian.tar"
    mv "$work/bin/busybox" "$cache/busybox"
    mv "$work"/boot/vmlinuz-* "$cache/vmlinuz"
fi

mkdir -p "$work"/root/{bin,etc,tmp,run,proc,sys,dev}
install -m 755 "$1" "$work/root/bin/urocket"
install -m 755 "$cache/busybox" "$work/root/bin/busybox"
install -m 755 "$here/tryarm64/init.sh" "$work/root/init"
cp "$here"/tryarm64/*.yaml "$work/root/etc"
(cd "$work/root" && find . | busybox cpio -o -H newc 2>/dev/null) >"$work/initrd"
timeout 600 qemu-system-aarch64 -M virt -cpu max -smp 2 -m 768 -nodefaults -display none -no-reboot -serial stdio \
    -kernel "$cache/vmlinuz" -initrd "$work/initrd" \
    -append "console=ttyAMA0 quiet loglevel=1 panic=-1 mitigations=off random.trust_cpu=on" </dev/null | tee "$work/out"
grep -q '^all as it should be' "$work/out"
