#!/usr/bin/env bash
# Makes the disk that scripts/vm/run.sh -d boots from and prints its path: PHP with
# its extensions, curl and Debian's shell as they are installed here, with the
# libraries that they load, and busybox for the rest. It needs no rights and mounts
# nothing. It is kept, and made anew once any package or PHP's configuration has
# changed, or this file.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin # mkfs.ext4, for those who are not root
cache=${UROCKET_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/urocket}/vm

version=$({ cat "$0" /var/lib/dpkg/status && find /etc/php -type f -exec cat {} +; } | sha256sum | cut -c 1-16)
disk=$cache/disk-$version.ext4
if [ -s "$disk" ]; then
    printf '%s\n' "$disk"
    exit 0
fi

mkdir -p "$cache"
work=$(mktemp -d "$cache/disk.XXXXXX")
trap 'rm -rf "$work"' EXIT
root=$work/root

put() { # put FILE: the file itself under that name, whatever links lead to it
    [ ! -e "$root$1" ] || return 0
    mkdir -p "$root$(dirname "$1")"
    cp -L --preserve=mode,timestamps "$1" "$root$1"
}

put_libraries() {
    local library
    for library in $({ ldd "$1" 2>/dev/null || true; } | grep -oE '/[^ ]+'); do put "$library"; done
}

put_program() { # put_program NAME: with what it loads
    local file
    file=$(readlink -f "$(command -v "$1")")
    put "$file"
    put_libraries "$file"
    [ -e "$root/usr/bin/$1" ] || ln -s "$file" "$root/usr/bin/$1"
}

mkdir -p "$root"/{usr/{bin,sbin,lib,lib64,share},etc,proc,sys,dev,tmp,run,root,var/tmp,t}
for merged in bin sbin lib lib64; do ln -s "usr/$merged" "$root/$merged"; done
chmod 1777 "$root/var/tmp"

for program in php curl dash; do put_program "$program"; done
ln -s dash "$root/usr/bin/sh"
for extension in "$(php -r 'echo ini_get("extension_dir");')"/*.so; do
    put "$extension"
    put_libraries "$extension"
done
cp -a /etc/php "$root/etc/"
[ ! -d /usr/share/zoneinfo ] || put /usr/share/zoneinfo/UTC

cp "$(command -v busybox)" "$root/usr/bin/busybox"
for applet in $(busybox --list); do
    [ -e "$root/usr/bin/$applet" ] || ln -s busybox "$root/usr/bin/$applet"
done
printf '%s\n' root:x:0:0:root:/root:/bin/sh clerk:x:1000:1000::/tmp:/bin/sh nobody:x:65534:65534:nobody:/:/bin/false >"$root/etc/passwd"
printf '%s\n' root:x:0: clerk:x:1000: nogroup:x:65534: >"$root/etc/group"
echo 127.0.0.1 localhost >"$root/etc/hosts"

# Without a journal: nothing that is written here is ever needed again.
truncate -s 256M "$work/disk"
mkfs.ext4 -q -F -d "$root" -O ^has_journal -E root_owner=0:0 "$work/disk" >&2
mv "$work/disk" "$disk"
# Not those of today: another run may be about to boot from one.
find "$cache" -maxdepth 1 -name "disk*" ! -path "$disk" -mtime +1 -exec rm -rf {} +
printf '%s\n' "$disk"
