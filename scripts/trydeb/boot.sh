#!/bin/bash
# Run by scripts/try-deb.sh as a unit of a Debian that systemd has booted, with /t/urocket.deb. The machine is slow:
# what is waited for is given a minute.
set -eu

config=/etc/urocket/urocket-service.yaml
step() { echo "== $*"; }
fail() {
    journalctl --no-pager -o cat -u urocket | tail -n 20
    echo "try-deb: $*"
    exit 1
}
show() { systemctl show --value -p "$1" urocket; }
get() { curl -sS --max-time 60 "$@"; }
want() { # want TEXT COMMAND...: what it prints holds the text
    local text=$1 out
    shift
    out=$("$@" 2>&1) || true
    [[ $out == *"$text"* ]] || fail "$*: want $text, got: $out"
    echo "   $*: $text"
}

systemctl --version | head -n 1
step "install: it is started"
apt-get install -qq -y --no-install-recommends /t/urocket.deb >/dev/null 2>&1 || fail "apt-get install"
want active systemctl is-active urocket
want enabled systemctl is-enabled urocket
want "hello debian" get http://127.0.0.1:8080/hello/debian
want urocket stat -c %U "/proc/$(show MainPID)"
type=notify
[ "$(systemctl --version | sed -n 's/^systemd \([0-9]*\).*/\1/p')" -lt 253 ] || type=notify-reload
[ "$(show Type)" = $type ] || fail "its Type= is $(show Type), and should be $type"
want "measured and limited by its cgroup below" journalctl --no-pager -o cat -u urocket

step "reload: limits hold, PHP finds its library"
cat >/srv/hog.php <<'END'
<?php
require 'urocket.php';
ini_set('memory_limit', -1);
$s = str_repeat('x', (int) getenv('SIZE') << 20);
urocket_reply(['size' => strlen($s)]);
END
sed -i 's,paths:,paths:\n  /hog/{size}:\n    get:\n      parameters:\n        - {name: size\, in: path\, required: true\, schema: {type: integer}}\n      responses: {"200": {description: its size}},' /etc/urocket/openapi.yaml
cat >>$config <<'END'
  /hog/{size}:
    get:
      inject:
        wd: /srv
        cmd: php hog.php
        env: ["SIZE={{path.size}}"]
        timeout: 1m
      limits: {memory: 64MiB, pids: 16, cpus: 1}
END
urocket dry -c $config >/dev/null || fail "the configuration"
systemctl reload urocket || fail "reload"
for _ in $(seq 60); do # with Type=notify it may not be done yet
    [[ $(get http://127.0.0.1:8080/hog/1) != *1048576* ]] || break
    sleep 1
done
want '{"size":1048576}' get http://127.0.0.1:8080/hog/1
want '"oom":true' get http://127.0.0.1:8080/hog/200
want active systemctl is-active urocket

step "a reload that is refused changes nothing"
cp $config /tmp/good
echo "nonsense: true" >>$config
systemctl reload urocket || true
want '{"size":1048576}' get http://127.0.0.1:8080/hog/1
cp /tmp/good $config

step "install again: it is restarted, what was changed in /etc stays"
before=$(show MainPID)
dpkg -i /t/urocket.deb >/dev/null 2>&1 || fail "dpkg -i"
want active systemctl is-active urocket
[ "$(show MainPID)" != "$before" ] || fail "it was not restarted"
want '{"size":1048576}' get http://127.0.0.1:8080/hog/1

step "stop: nothing is left"
group=/sys/fs/cgroup$(show ControlGroup)
[ -d "$group" ] || fail "there is no $group"
systemctl stop urocket
[ "$(show Result)" = success ] || fail "it ended with $(show Result)"
[ ! -d "$group" ] || fail "its cgroup is left"

step "socket activation"
cp /usr/share/doc/urocket/examples/systemd/*.socket /etc/systemd/system
systemctl daemon-reload
systemctl start urocket-http.socket urocket-reply.socket
want inactive systemctl is-active urocket
want '{"size":1048576}' get http://127.0.0.1:8080/hog/1
want active systemctl is-active urocket
systemctl stop urocket-http.socket urocket-reply.socket urocket
rm /etc/systemd/system/urocket-*.socket
systemctl daemon-reload

step "the example"
mkdir /srv/petshop
cp -rL /usr/share/doc/urocket/examples /usr/share/doc/urocket/scripts /srv/petshop
sed -i 's/timeout: 5s/timeout: 1m/' /srv/petshop/examples/urocket-service.yaml # slow, as was said
mkdir -p /etc/systemd/system/urocket.service.d
printf '[Service]\nExecStart=\nExecStart=/usr/bin/urocket run -c /srv/petshop/examples/urocket-service.yaml\n' >/etc/systemd/system/urocket.service.d/example.conf
systemctl daemon-reload
systemctl start urocket
want '"available":8' get http://127.0.0.1:8080/store/inventory
rm /etc/systemd/system/urocket.service.d/example.conf
systemctl daemon-reload

step "purge"
dpkg -P urocket >/dev/null 2>&1 || fail "dpkg -P"
want inactive systemctl is-active urocket
left=$(find /etc /usr /var/lib -xdev -iname '*urocket*' ! -path '/var/lib/systemd/*' -print)
[ -z "$left" ] || fail "left behind: $left"
echo "all as it should be"
