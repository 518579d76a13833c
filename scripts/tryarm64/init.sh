#!/bin/busybox sh
# PID 1 of the machine of scripts/try-arm64.sh.
for applet in $(/bin/busybox --list); do
    [ -e "/bin/$applet" ] || /bin/busybox ln -s busybox "/bin/$applet"
done
export PATH=/bin HOME=/
mount -t devtmpfs dev /dev
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t cgroup2 -o nsdelegate cgroup2 /sys/fs/cgroup
ip link set lo up

fail() {
    cat /tmp/log
    echo "try-arm64: $*"
    poweroff -f
}
want() { # want TEXT PATH: what wget says holds the text
    out=$(wget -q -O - "http://127.0.0.1:8080$2" 2>&1)
    case $out in
    *"$1"*) echo "   $2: $1" ;;
    *) fail "$2: want $1, got: $out" ;;
    esac
}

left() { ps | grep -q '[s]leep 4321'; }

serve() { # serve auto|off LEVEL
    echo "== cgroup: $1"
    sed "s/@CGROUP@/$1/" /etc/urocket-service.yaml >/etc/service.yaml
    urocket run -c /etc/service.yaml --log-format text 2>/tmp/log &
    pid=$!
    for _ in $(seq 60); do
        ! grep -q msg=serving /tmp/log || break
        sleep 1
    done
    grep -q "$2" /tmp/log || fail "the level is not: $2"
    want aarch64 /machine
    [ "$1" = off ] || want 502 /hog
    want 504 /slow
    want started /daemon
    want "1000 0077 64" /user
    [ "$(wget -q -O - --post-data hello http://127.0.0.1:8080/stdin)" = 5 ] || fail "the payload"
    for _ in $(seq 50); do want aarch64 /machine >/dev/null; done
    for _ in $(seq 30); do # the daemon is ended after its call
        left || break
        sleep 1
    done
    ! left || fail "a daemon is left"
    kill -TERM $pid
    wait $pid || fail "urocket ended with $?"
    [ -z "$(find /sys/fs/cgroup -name 'urocket-*')" ] || fail "cgroups are left"
}

uname -a
urocket version
serve auto "measured and limited by its cgroup"
serve off "no cgroups"
echo "all as it should be"
poweroff -f
