#!/usr/bin/env bash
# Boots a throw-away virtual machine with a kernel of its own, where cgroup v2 is
# whole and everything is root's, and runs a command in it:
#
#   scripts/vm/run.sh [-m MEMORY_MB] [-t SECONDS] [-f FILE]... COMMAND...
#   scripts/vm/run.sh -k                  boots nothing: prints where its kernel is, and fetches it if it has to
#
# Each FILE, or folder, is put into /t, where the command runs. The root is the disk
# of scripts/vm/disk.sh; what is written to it is forgotten. The output is the
# command's, and so is the exit status; 125: the machine itself failed. Software
# emulation only: 10 to 20 times slower than the host.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cache=${UROCKET_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/urocket}/vm

memory=768 limit=600 files=() kernel_only=
while getopts km:t:f: option; do
    case $option in
    m) memory=$OPTARG ;;
    t) limit=$OPTARG ;;
    f) files+=("$OPTARG") ;;
    k) kernel_only=yes ;;
    *) exit 125 ;;
    esac
done
shift $((OPTIND - 1))

fail() {
    echo "vm: $*" >&2
    exit 124 # nothing that a second try would mend
}

newest_kernel() { find "$cache/kernel/boot" -name 'vmlinuz-*' 2>/dev/null | sort -V | tail -n 1; }
cloud_kernel() { apt-cache depends linux-image-cloud-amd64 2>/dev/null | awk '/Depends: linux-image-/{print $2; exit}'; }

# Debian's kernel for clouds has what is needed built in. It is downloaded and
# unpacked, never installed: that would build an initramfs and run hooks.
fetch_kernel() {
    local package
    package=$(cloud_kernel)
    if [ -z "$package" ]; then # no package lists yet
        apt-get -qq update >&2
        package=$(cloud_kernel)
    fi
    [ -n "$package" ] || fail "apt knows no linux-image-cloud-amd64"
    (cd "$work" && apt-get -qq -o APT::Sandbox::User=root download "$package" >&2 &&
        dpkg --fsys-tarfile ./*.deb | tar -x --wildcards './boot/vmlinuz-*') || fail "cannot download $package"
    mkdir -p "$cache/kernel/boot"
    mv "$work"/boot/vmlinuz-* "$cache/kernel/boot/"
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
[ -n "$(newest_kernel)" ] || fetch_kernel
if [ -n "$kernel_only" ]; then
    newest_kernel
    exit
fi
disk=$("$here/disk.sh") || fail "no disk"
mkdir -p "$work/root/bin" "$work/root/t"
cp "$(command -v busybox)" "$work/root/bin/busybox"
install -m 755 "$here/init.sh" "$work/root/init"
for file in "${files[@]}"; do cp -r "$file" "$work/root/t/"; done
printf 'cd /t\nexec %s\n' "$(printf '%q ' "$@")" >"$work/root/t/command"
(cd "$work/root" && find . | busybox cpio -o -H newc 2>/dev/null) >"$work/initrd"

status=0
: >"$work/status"
timeout "$limit" qemu-system-x86_64 -machine pc -accel tcg,thread=multi -cpu max -smp 2 -m "$memory" \
    -nodefaults -display none -no-reboot -serial stdio -serial "file:$work/status" \
    -drive "file=$disk,if=none,id=d0,format=raw,snapshot=on" -device nvme,drive=d0,serial=vm \
    -kernel "$(newest_kernel)" -initrd "$work/initrd" \
    -append "console=ttyS0 quiet loglevel=1 panic=-1 mitigations=off no_timer_check cryptomgr.notests random.trust_cpu=on" </dev/null || status=$?
code=$(tr -dc 0-9 <"$work/status")
if [ -z "$code" ]; then
    echo "vm: the machine ended without an exit status (qemu: $status)" >&2
    exit 125
fi
exit "$code"
