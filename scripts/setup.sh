#!/usr/bin/env bash
# Installs what is missing, with apt-get; does nothing, and needs no rights, where all is there.
#
#   scripts/setup.sh run    what the example needs: php-cli php-curl curl
#   scripts/setup.sh test   that, openssl, python3, perl, a C compiler, which Go's race detector needs, and an emulator with a disk for tests of real limits;
#                           and, if they can be had, Prometheus, to read the metrics and to check the alerts, a browser (Chromium, 100 MB), to see the page,
#                           and programs in PHP that are served as they are
#   scripts/setup.sh bench  a C compiler; and, as far as they can be had, a load generator and servers to compare with
#   scripts/setup.sh dist   what tries that which `make dist` makes: mmdebstrap, lintian, emulators
#   scripts/setup.sh image  what builds and runs images: podman and runc
set -euo pipefail

fail() {
    echo "setup: $*" >&2
    exit 1
}

has() { command -v "$1" >/dev/null 2>&1; }

packages=()
wanted=() # these may be missing
want() { # want PACKAGE COMMAND: as need, but it is no failure if it cannot be had
    PATH=$PATH:/usr/sbin:/sbin has "$2" || wanted+=("$1")
}
want_file() { # want_file PACKAGE FILE
    [ -e "$2" ] || wanted+=("$1")
}
need() { # need PACKAGE COMMAND...: the package is missing unless the command succeeds
    local package=$1
    shift
    "$@" >/dev/null 2>&1 || packages+=("$package")
}

has_php_curl() { php -r 'exit(extension_loaded("curl") ? 0 : 1);'; }
has_perl_json() { perl -MJSON::PP -e 1; }
static_busybox() { busybox cpio --help && ! ldd "$(command -v busybox)"; }
has_mkfs() { PATH=$PATH:/usr/sbin:/sbin has mkfs.ext4; } # not everybody's PATH has it
can_compile() { echo '#include <stdlib.h>' | "${CC:-gcc}" -E -; }

go=${GO:-go}
has "$go" || fail "the Go tool is missing; see https://go.dev/doc/install"

mode=${1-run}
need php-cli has php
need php-curl has_php_curl
if [ "$mode" != bench ]; then
    need curl has curl
fi
need ca-certificates test -e /etc/ssl/certs/ca-certificates.crt
if [ "$mode" != run ]; then
    need gcc has "${CC:-gcc}"
    need libc6-dev can_compile
fi
if [ "$mode" = bench ]; then
    want wrk wrk
    want lighttpd lighttpd
    want nginx-light nginx
    want fcgiwrap fcgiwrap
    # php-fpm and php-cgi bear their version in their names.
    ls /usr/sbin/php-fpm* >/dev/null 2>&1 || wanted+=(php-fpm)
    ls /usr/bin/php-cgi* >/dev/null 2>&1 || wanted+=(php-cgi)
fi
if [ "$mode" = test ]; then
    # The languages of examples/workers.
    need python3 has python3
    need perl has_perl_json
    # The machine in which limits are real: an emulator, its shell, its disk; its kernel is downloaded by scripts/vm/run.sh.
    need qemu-system-x86 has qemu-system-x86_64
    need busybox-static static_busybox
    need e2fsprogs has_mkfs
    want prometheus promtool
    want chromium chromium # the page is tried in it
    # What e2e/software serves. The wiki wants a PHP for web servers; the smallest spares it apache2.
    wiki=/usr/share/dokuwiki/bin/dwpage.php
    [ -e "$wiki" ] || want php-cgi php-cgi
    want_file dokuwiki "$wiki"
    want_file php-codesniffer /usr/bin/phpcs
    want_file composer /usr/bin/composer
    want_file phpab /usr/bin/phpab
    need openssl has openssl
fi
if [ "$mode" = dist ]; then
    need mmdebstrap has mmdebstrap
    need lintian has lintian
    need qemu-system-arm has qemu-system-aarch64
    need qemu-system-x86 has qemu-system-x86_64
    need busybox-static static_busybox
    need e2fsprogs has_mkfs
fi
if [ "$mode" = image ]; then
    need mmdebstrap has mmdebstrap
    need podman has podman
    need runc env PATH="$PATH:/usr/sbin:/sbin" runc --version
fi
all=("${packages[@]}" "${wanted[@]}")
[ ${#all[@]} -gt 0 ] || exit 0

cannot() { # it is no failure where all that is missing may be missing
    [ ${#packages[@]} -eq 0 ] || fail "$*"
    echo "setup: $*" >&2
    exit 0
}
echo "setup: installing ${all[*]}" >&2
has apt-get || cannot "no apt-get here; please install what corresponds to Debian's ${all[*]}"
root=()
if [ "$(id -u)" -ne 0 ]; then
    has sudo || cannot "neither root nor sudo; please run: apt-get install ${all[*]}"
    root=(sudo)
fi
apt=("${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=120)
# An index that cannot be refreshed (one mirror of several is down) may still be good enough to install from.
"${apt[@]}" update || echo "setup: apt-get update failed; trying with what is there" >&2
install() { "${apt[@]}" install -y --no-install-recommends "$@" 2>&1; }
if [ ${#packages[@]} -gt 0 ] && ! out=$(install "${packages[@]}"); then
    printf '%s\n' "$out" >&2
    fail "apt-get could not install ${packages[*]}"
fi

# Servers that are only here to be measured, or for a test, are not to serve: Debian would start them, and at every boot.
policy=/usr/sbin/policy-rc.d
if [ ${#wanted[@]} -gt 0 ] && [ ! -e "$policy" ]; then
    trap '"${root[@]}" rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' | "${root[@]}" tee "$policy" >/dev/null
    "${root[@]}" chmod 755 "$policy"
fi
# All at once where that can be; else as many as can be had.
[ ${#wanted[@]} -gt 0 ] && install "${wanted[@]}" >/dev/null && all_there=1
for package in "${wanted[@]}"; do
    if [ -z "${all_there-}" ] && ! out=$(install "$package"); then
        echo "setup: no $package: $(printf '%s\n' "$out" | tail -1)" >&2
    elif has systemctl; then
        "${root[@]}" systemctl --quiet disable "${package%-light}.service" "${package%-light}.socket" 2>/dev/null || true
    fi
done
