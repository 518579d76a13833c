#!/usr/bin/env bash
# What is given away, into bin/dist: for each architecture a static program, a Debian package and a bill of materials; the
# licences of all that is linked; SHA256SUMS. The same sources and the same Go give the same bytes.
#
#   scripts/dist.sh [ARCHITECTURE]...     default: amd64 arm64
#
# VERSION is what `make` has from git describe; SOURCE_DATE_EPOCH the time of the commit, unless it is set.
set -euo pipefail
cd "$(dirname "$0")/.."
version=${VERSION:-$(git describe --tags --always --dirty 2>/dev/null || echo unknown)}
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
go=${GO:-go}

# As Debian sorts them: a release before what follows it, a candidate before its release, what has no tag before all.
debian_version() { # debian_version GIT_DESCRIBE
    local tag='^v?([0-9]+(\.[0-9]+)*)(-(rc|alpha|beta)[.-]?([0-9]+))?(-([0-9]+)-g([0-9a-f]+))?(-dirty)?$'
    if [[ $1 =~ $tag ]]; then
        echo "${BASH_REMATCH[1]}${BASH_REMATCH[3]:+~${BASH_REMATCH[4]}${BASH_REMATCH[5]}}${BASH_REMATCH[7]:++${BASH_REMATCH[7]}.${BASH_REMATCH[8]}}${BASH_REMATCH[9]:++dirty}"
    else
        echo "0~$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y%m%d).${1//-/+}"
    fi
}

if [ "${1-}" = --debian-version ]; then
    debian_version "$version"
    exit
fi
[ $# -gt 0 ] || set -- amd64 arm64
deb=$(debian_version "$version")
rm -rf bin/dist
mkdir -p bin/dist

build() { # build ARCHITECTURE FILE
    CGO_ENABLED=0 GOOS=linux GOARCH=$1 "$go" build -buildvcs=false -trimpath -ldflags "-s -w -X main.version=$version" -o "$2" ./cmd/urocket
}

host=$(mktemp)
trap 'rm -f "$host"' EXIT
build "$("$go" env GOHOSTARCH)" "$host"
for arch; do
    program=bin/dist/urocket-$version-linux-$arch
    build "$arch" "$program"
    "$go" run ./scripts/sbom -version "$version" "$program" >"$program.cdx.json"
    HOST_BINARY=$host scripts/deb.sh "$program" "$arch" "$deb" "bin/dist/urocket_${deb}_$arch.deb"
done
"$go" run ./scripts/sbom -licences "$program" >"bin/dist/urocket-$version-licences.txt"
(cd bin/dist && sha256sum -- * >SHA256SUMS)
ls -l bin/dist
