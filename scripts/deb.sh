#!/usr/bin/env bash
# Makes a Debian package with nothing but dpkg-deb:
#
#   scripts/deb.sh BINARY ARCHITECTURE VERSION FILE.deb
#
# BINARY is the program for that architecture (amd64, arm64). HOST_BINARY, if it is another, is one that runs here: it
# prints the manual page, the shells' completions and the schema of the configuration. DEB_COMPRESSION is xz, gzip or none. The same sources give the same bytes: all times are
# SOURCE_DATE_EPOCH.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
: "${SOURCE_DATE_EPOCH:?seconds since 1970, such as: git log -1 --format=%ct}"
export SOURCE_DATE_EPOCH DPKG_DEB_THREADS_MAX=1 # more threads compress otherwise
[ $# -eq 4 ] || { sed -n '4p' "$0" >&2 && exit 2; }
binary=$(realpath "$1") architecture=$2 version=$3 deb=$(realpath -m "$4")
host=$(realpath "${HOST_BINARY:-$binary}")

stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
chmod 755 "$stage"
umask 022
cd "$root"

put() { install -D -m "${3:-644}" "$1" "$stage$2"; }    # put FILE PATH [MODE]
zip() { gzip -9n <"$1" >"$stage/.zip" && put "$stage/.zip" "$2" && rm "$stage/.zip"; }
doc=/usr/share/doc/urocket

put "$binary" /usr/bin/urocket 755
put contrib/systemd/urocket.service /usr/lib/systemd/system/urocket.service
put contrib/systemd/notify-reload.conf /usr/share/urocket/notify-reload.conf
put scripts/php/urocket.php /usr/share/php/urocket.php # where Debian's PHP looks for what is required
put scripts/php/worker.php /usr/share/php/urocket/worker.php
put contrib/debian/urocket-service.yaml /etc/urocket/urocket-service.yaml
put contrib/debian/openapi.yaml /etc/urocket/openapi.yaml
put contrib/debian/lintian-overrides /usr/share/lintian/overrides/urocket

for file in README.md CHANGELOG.md docs/*.md docs/pictures/*.png docs/benchmarks/*.svg; do put "$file" "$doc/$file"; done
for unit in contrib/systemd/{*.socket,hardened.conf,setuid.conf}; do put "$unit" "$doc/examples/systemd/${unit##*/}"; done
put contrib/prometheus/alerts.yaml "$doc/examples/prometheus/alerts.yaml"
put contrib/grafana/urocket.json "$doc/examples/grafana/urocket.json"
# The example and its scripts, beside each other as they are here.
while read -r file; do
    mode=644
    [ ! -x "$file" ] || mode=755
    put "$file" "$doc/$file" "$mode"
done < <(find examples scripts/php scripts/sh -type f ! -name '*.go' ! -name urocket.php | sort)
mkdir -p "$stage$doc/scripts/php"
ln -s ../../../../php/urocket.php "$stage$doc/scripts/php/urocket.php"

"${GO:-go}" run ./scripts/sbom -licences -debian "$binary" >"$stage/copyright"
put "$stage/copyright" "$doc/copyright"
printf 'urocket (%s) stable; urgency=medium\n\n  * %s\n\n -- %s  %s\n' "$version" \
    "As of this version, see https://github.com/urocket/urocket" \
    "$(sed -n 's/^Maintainer: //p' contrib/debian/control)" "$(date -R -u -d "@$SOURCE_DATE_EPOCH")" >"$stage/changelog"
zip "$stage/changelog" "$doc/changelog.gz"
rm "$stage/copyright" "$stage/changelog"

printed() { # printed PATH COMMAND...: what the program prints
    "$host" "${@:2}" >"$stage/.printed"
    put "$stage/.printed" "$1"
    rm "$stage/.printed"
}
"$host" manual >"$stage/.manual"
zip "$stage/.manual" /usr/share/man/man1/urocket.1.gz
rm "$stage/.manual"
printed /usr/share/bash-completion/completions/urocket completion bash
printed /usr/share/zsh/vendor-completions/_urocket completion zsh
printed /usr/share/fish/vendor_completions.d/urocket.fish completion fish
printed /usr/share/urocket/urocket-service.schema.json schema

# KiB as dpkg-gencontrol counts them: the same on every file system.
size=$(find "$stage" -mindepth 1 -printf '%y %s\n' | awk '{ kib += $1 == "f" ? int(($2 + 1023) / 1024) : 1 } END { print kib }')
mkdir "$stage/DEBIAN"
sed -e "s/@VERSION@/$version/" -e "s/@ARCHITECTURE@/$architecture/" -e "s/@SIZE@/$size/" contrib/debian/control >"$stage/DEBIAN/control"
install -m 644 contrib/debian/{conffiles,triggers} "$stage/DEBIAN"
install -m 755 contrib/debian/{postinst,prerm,postrm} "$stage/DEBIAN"
(cd "$stage" && find . -path ./DEBIAN -prune -o -path ./etc -prune -o -type f -printf '%P\0' | sort -z | xargs -0 md5sum) >"$stage/DEBIAN/md5sums"
dpkg-deb --root-owner-group -Z"${DEB_COMPRESSION:-xz}" --build "$stage" "$deb" >/dev/null
