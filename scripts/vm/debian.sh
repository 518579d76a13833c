#!/usr/bin/env bash
# Boots a Debian with systemd in a throw-away virtual machine, where cgroup v2 is whole, and runs a script there as a unit:
#
#   scripts/vm/debian.sh [-s SUITE] [-p PACKAGE,...] [-f FILE]... SCRIPT
#
# Each FILE, and the script, is put into /t. SUITE is bookworm unless it is said. The output is the script's, and so is the
# exit status; 125: the machine itself failed, twice. As root. Software emulation only: slow.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
PATH=$PATH:/usr/sbin:/sbin

suite=bookworm packages=systemd,systemd-sysv,dbus files=()
while getopts s:p:f: option; do
    case $option in
    s) suite=$OPTARG ;;
    p) packages+=,$OPTARG ;;
    f) files+=("$OPTARG") ;;
    *) exit 125 ;;
    esac
done
shift $((OPTIND - 1))
script=$1

kernel=$("$here/run.sh" -k)
base=$("$here/base.sh" "$suite" "$packages")
work=$(mktemp -d)
trap 'rm -rf --one-file-system "$work"' EXIT
mkdir "$work/root"
tar -x --numeric-owner -f "$base" -C "$work/root"
mkdir "$work/root/t"
[ ${#files[@]} -eq 0 ] || cp -r "${files[@]}" "$work/root/t"
cp "$script" "$work/root/t/script"
echo debian >"$work/root/etc/hostname"
# How the script has ended is written to the second serial line.
cat >"$work/root/etc/systemd/system/script.service" <<'END'
[Unit]
Wants=basic.target
After=basic.target
SuccessAction=poweroff-force
FailureAction=poweroff-force
[Service]
Type=oneshot
Environment=HOME=/root DEBIAN_FRONTEND=noninteractive
WorkingDirectory=/t
ExecStart=/bin/bash -c 'bash /t/script; echo $? >/dev/ttyS1'
StandardOutput=file:/dev/ttyS0
StandardError=file:/dev/ttyS0
TimeoutStartSec=infinity
END
truncate -s 4G "$work/disk"
mkfs.ext4 -q -F -d "$work/root" -O ^has_journal -E root_owner=0:0 "$work/disk"

for _ in 1 2; do # now and then the emulator itself dies; what was written to the disk is forgotten
    : >"$work/status"
    timeout "${TIMEOUT:-3000}" qemu-system-x86_64 -machine pc -accel tcg,thread=multi -cpu max -smp 2 -m 1024 \
        -nodefaults -display none -no-reboot -serial stdio -serial "file:$work/status" \
        -drive "file=$work/disk,if=none,id=d0,format=raw,snapshot=on" -device nvme,drive=d0,serial=vm -kernel "$kernel" \
        -append "root=/dev/nvme0n1 rw systemd.unit=script.service systemd.show_status=no console=ttyS0 quiet loglevel=1 panic=-1 mitigations=off no_timer_check cryptomgr.notests random.trust_cpu=on" </dev/null || true
    code=$(tr -dc 0-9 <"$work/status")
    [ -z "$code" ] || exit "$code"
    echo "vm: the machine ended without a word" >&2
done
exit 125
