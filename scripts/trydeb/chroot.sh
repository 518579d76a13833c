#!/bin/bash
# Run by scripts/try-deb.sh in a minimal Debian without an init, with /t/urocket.deb.
set -eu

config=/etc/urocket/urocket-service.yaml
step() { echo "== $*"; }
fail() {
    echo "try-deb: $*" >&2
    exit 1
}

get() { # get PORT PATH: a request with nothing but bash
    exec 3<>"/dev/tcp/127.0.0.1/$1" || return 1
    printf 'GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n' "$2" >&3
    cat <&3
    exec 3>&-
}

wait_for() { # wait_for PORT PATH TEXT
    for _ in $(seq 100); do
        if { out=$(get "$1" "$2"); } 2>/dev/null && [[ $out == *"$3"* ]]; then
            echo "   $2: ${out##*$'\n'}"
            return
        fi
        sleep 0.1
    done
    fail "GET $2 never answered $3, but: ${out-}"
}

# As the unit does.
serve() {
    setpriv --reuid urocket --regid urocket --init-groups --bounding-set -all --inh-caps -all urocket run -c $config --log-format text &
    pid=$!
    wait_for 8080 /hello/debian "hello debian"
    [ "$(stat -c %U /run/urocket/urocket.sock)" = urocket ] || fail "the socket is not urocket's"
    kill -TERM $pid
    wait $pid || fail "urocket ended with $?"
}

step "install"
apt-get install -qq -y --no-install-recommends /t/urocket.deb >/dev/null 2>&1
[ -z "$(dpkg --verify urocket)" ] || fail "what is installed is not what was packed: $(dpkg --verify urocket)"
id urocket
urocket version
[ ! -e /etc/systemd/system/urocket.service.d ] || fail "there is a drop-in for systemd, and no systemd"

step "the configuration"
install -d -o urocket -g urocket /run/urocket # RuntimeDirectory= of the unit
urocket dry -c $config

step "serve"
serve

step "install again: what was changed in /etc stays"
sed -i 's/hello {{/hello, hello {{/' $config
dpkg -i /t/urocket.deb >/dev/null
grep -q 'hello, hello' $config || fail "the configuration was replaced"
sed -i 's/hello, hello {{/hello {{/' $config
serve

step "remove"
dpkg -r urocket >/dev/null
[ ! -e /usr/bin/urocket ] && [ -e $config ] || fail "the program has to go, its configuration to stay"

step "purge"
dpkg -P urocket >/dev/null 2>&1
left=$(find / -xdev -path /proc -prune -o -path /t -prune -o -path /var/log -prune -o -path /run/urocket -prune -o -iname '*urocket*' -print)
[ -z "$left" ] || fail "left behind: $left"
id urocket >/dev/null || fail "a user that may own files has gone"
echo "all as it should be"
