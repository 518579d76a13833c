#!/usr/bin/env bash
# Installs what is missing, with apt-get; does nothing, and needs no rights, where all is there.
#
#   scripts/setup.sh run    what the example needs: php-cli php-curl curl
#   scripts/setup.sh test   that, a C compiler, which Go's race detector needs, and an emulator with a disk for tests of real limits
set -euo pipefail

fail() {
    echo "setup: $*" >&2
    exit 1
}

has() { command -v "$1" >/dev/null 2>&1; }

packages=()
need() { # need PACKAGE COMMAND...: the package is missing unless the command succeeds
    local package=$1
    shift
    "$@" >/dev/null 2>&1 || packages+=("$package")
}

has_php_curl() { php -r 'exit(extension_loaded("curl") ? 0 : 1);'; }
static_busybox() { busybox cpio --help && ! ldd "$(command -v busybox)"; }
has_mkfs() { PATH=$PATH:/usr/sbin:/sbin has mkfs.ext4; } # not everybody's PATH has it
can_compile() { echo '#include <stdlib.h>' | "${CC:-gcc}" -E -; }

go=${GO:-go}
has "$go" || fail "the Go tool is missing; see https://go.dev/doc/install"

need php-cli has php
need php-curl has_php_curl
need curl has curl
need ca-certificates test -e /etc/ssl/certs/ca-certificates.crt
if [ "${1-run}" = test ]; then
    need gcc has "${CC:-gcc}"
    need libc6-dev can_compile
    # The machine in which limits are real: an emulator, its shell, its disk; its kernel is downloaded by scripts/vm/run.sh.
    need qemu-system-x86 has qemu-system-x86_64
    need busybox-static static_busybox
    need e2fsprogs has_mkfs
fi
[ ${#packages[@]} -gt 0 ] || exit 0

echo "setup: installing ${packages[*]}" >&2
has apt-get || fail "no apt-get here; please install what corresponds to Debian's ${packages[*]}"
root=()
if [ "$(id -u)" -ne 0 ]; then
    has sudo || fail "neither root nor sudo; please run: apt-get install ${packages[*]}"
    root=(sudo)
fi
apt=("${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=120)
# An index that cannot be refreshed (one mirror of several is down) may still be good enough to install from.
"${apt[@]}" update || echo "setup: apt-get update failed; trying with what is there" >&2
if ! out=$("${apt[@]}" install -y --no-install-recommends "${packages[@]}" 2>&1); then
    printf '%s\n' "$out" >&2
    fail "apt-get could not install ${packages[*]}"
fi
