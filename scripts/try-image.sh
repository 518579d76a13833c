#!/usr/bin/env bash
# Builds both images of contrib/container/Containerfile with podman, from a Debian of our own making and the Go that is
# installed here, and runs them as docs/containers.md says, with runc. What they serve is in scripts/tryimage. All images go
# with it. As root. The exit status is 0 if all was as it should be.
#
#   scripts/try-image.sh
set -euo pipefail
cd "$(dirname "$0")/.."
go=${GO:-go} version=${VERSION:-container}
work=$(mktemp -d)
podman=(podman --root "$work/storage" --runroot "$work/run" --tmpdir "$work/tmp" --cgroup-manager cgroupfs --runtime runc)
tidy() {
    "${podman[@]}" rm --all --force --time 0 >/dev/null 2>&1 || true
    "${podman[@]}" rmi --all --force >/dev/null 2>&1 || true
    umount "$work/storage/overlay" 2>/dev/null || true
    rm -rf --one-file-system "$work"
}
trap tidy EXIT
limits=(--ulimit nofile=4096:4096 --ulimit nproc=1024:1024) # podman would set more than we may have
step() { echo "== $*"; }
fail() {
    "${podman[@]}" logs shop 2>/dev/null | tail -n 20 || true
    echo "try-image: $*"
    exit 1
}
want() { # want TEXT COMMAND...: sooner or later what it prints holds the text
    local text=$1 what=${*: -1} out
    shift
    for _ in $(seq 100); do
        out=$("$@" 2>&1) || true
        [[ $out != *"$text"* ]] || { echo "   ${what%%$'\n'*}: $text" && return; }
        sleep 0.2
    done
    fail "$*: want $text, got: $out"
}
in_shop() { "${podman[@]}" exec shop "$@"; }

step "a Debian, and one with Go"
"${podman[@]}" import --quiet "$(scripts/vm/base.sh bookworm adduser)" debian >/dev/null
printf 'FROM localhost/debian\nENV PATH=/usr/local/go/bin:/usr/sbin:/usr/bin:/sbin:/bin GOTOOLCHAIN=local GOPROXY=off GOFLAGS=-modcacherw GOCACHE=/cache GOMODCACHE=/modules\n' |
    "${podman[@]}" build --quiet --tag golang - >/dev/null

step "the images"
"$go" mod download
for target in urocket php; do
    # Go, its modules and what it has compiled are lent; the registry and the module proxy are not asked.
    "${podman[@]}" build --network host --file contrib/container/Containerfile --target $target --tag localhost/urocket-$target \
        --build-arg GO_IMAGE=localhost/golang --build-arg DEBIAN_IMAGE=localhost/debian --build-arg VERSION="$version" \
        --volume "$("$go" env GOROOT):/usr/local/go:ro" --volume "$("$go" env GOMODCACHE):/modules" --volume "$("$go" env GOCACHE):/cache" \
        . >"$work/log" 2>&1 || { tail -n 30 "$work/log" && fail "the image $target"; }
    echo "   $target: $("${podman[@]}" image inspect --format '{{.Size}} bytes, user {{.User}}, {{.Config.Entrypoint}} {{.Config.Cmd}}' localhost/urocket-$target)"
done
want "$version" "${podman[@]}" run --rm "${limits[@]}" --network none localhost/urocket-urocket version
want 'worker' "${podman[@]}" run --rm "${limits[@]}" --network none --entrypoint ls localhost/urocket-php /usr/share/php/urocket

step "one of yours, on top"
port=$((20000 + RANDOM % 20000))
mkdir -p "$work/shop/scripts"
cp scripts/tryimage/*.php "$work/shop/scripts"
cp scripts/tryimage/openapi.yaml "$work/shop"
sed "s/@PORT@/$port/" scripts/tryimage/urocket-service.yaml >"$work/shop/urocket-service.yaml"
printf 'FROM localhost/urocket-php\nCOPY scripts /srv/scripts\nCOPY urocket-service.yaml openapi.yaml /etc/urocket/\n' >"$work/shop/Containerfile"
"${podman[@]}" build --quiet --tag localhost/shop "$work/shop" >/dev/null
want /worker/ "${podman[@]}" run --rm "${limits[@]}" --network none --entrypoint /usr/bin/urocket localhost/shop dry -c /etc/urocket/urocket-service.yaml
"${podman[@]}" run -d --name shop "${limits[@]}" --network host --stop-timeout 40 \
    --read-only --tmpfs /tmp --tmpfs /run/urocket:U --cap-drop all --security-opt no-new-privileges localhost/shop >/dev/null
want '{"hello":"image","user":65532}' curl -sS --max-time 30 "http://127.0.0.1:$port/reply/image"
want '{"hello":"image"}' curl -sS --max-time 30 "http://127.0.0.1:$port/worker/image"
want urocket in_shop cat /proc/1/comm
want OPERATION in_shop urocket ps -c /etc/urocket/urocket-service.yaml # the HEALTHCHECK

step "PID 1: nothing is left, and nothing waits for its parent"
want left curl -sS --max-time 30 "http://127.0.0.1:$port/daemon"
want 'none' in_shop sh -c 'for p in /proc/[0-9]*; do
    [ "$(tr -d "\0" <$p/cmdline)" != sleep4321 ] && ! grep -q "^State:.Z" $p/status || { echo "left: $p" && exit; }
done 2>/dev/null; echo none'

step "stop: who calls gets his answer"
curl -sS --max-time 30 "http://127.0.0.1:$port/slow" >"$work/answer" &
call=$!
want /slow in_shop urocket ps -c /etc/urocket/urocket-service.yaml
"${podman[@]}" stop shop >/dev/null
wait $call || true
want slow cat "$work/answer"
[ "$("${podman[@]}" inspect shop --format '{{.State.ExitCode}}')" = 0 ] || fail "it ended with $("${podman[@]}" inspect shop --format '{{.State.ExitCode}}')"
echo "all as it should be"
