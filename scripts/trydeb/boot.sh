#!/bin/bash
# Run by scripts/try-deb.sh as a unit of a Debian that systemd has booted, with /t/urocket.deb. The machine is slow:
# what is waited for is given a minute.
set -eu

config=/etc/urocket/urocket-service.yaml
dropins=/etc/systemd/system/urocket.service.d
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
wait_for() { # wait_for TEXT COMMAND...: sooner or later it does
    local text=$1 out
    shift
    for _ in $(seq 60); do
        out=$("$@" 2>&1) || true
        [[ $out != *"$text"* ]] || { echo "   $*: $text" && return; }
        sleep 1
    done
    fail "$*: never $text, but: $out"
}
dropin() { # dropin NAME LINE...: a drop-in for the unit
    mkdir -p $dropins
    printf '%s\n' "${@:2}" >"$dropins/$1.conf"
    systemctl daemon-reload
}
given() { # given NAME: a drop-in that the package has
    mkdir -p $dropins
    cp "/usr/share/doc/urocket/examples/systemd/$1.conf" $dropins
    systemctl daemon-reload
}
undo() { # undo NAME: as it was
    rm "$dropins/$1.conf"
    rmdir --ignore-fail-on-non-empty $dropins
    systemctl daemon-reload
}
slowly() { # slowly COMMAND...: while a call runs, that gets its answer
    rm -f /tmp/running
    get http://127.0.0.1:8080/slow >/tmp/answer 2>&1 &
    local call=$!
    for _ in $(seq 60); do [ ! -e /tmp/running ] || break && sleep 1; done
    "$@" || fail "$*"
    wait $call || true
    want slow cat /tmp/answer
}
# How far it is open to what its scripts might do, in tenths, as systemd counts: 100 is everything.
exposure() { # exposure AT_MOST
    systemd-analyze security --no-pager --threshold="$1" urocket.service >/tmp/security || fail "$(cat /tmp/security)"
    echo "   systemd-analyze security: $(tail -n 1 /tmp/security | LC_ALL=C tr -dc ' -~')"
}

systemctl --version | head -n 1
step "install: it is started"
timeout 300 apt-get install -qq -y --no-install-recommends /t/urocket.deb >/dev/null 2>&1 || fail "apt-get install"
want active systemctl is-active urocket
want enabled systemctl is-enabled urocket
want "hello debian" get http://127.0.0.1:8080/hello/debian
want urocket stat -c %U "/proc/$(show MainPID)"
type=notify
[ "$(systemctl --version | sed -n 's/^systemd \([0-9]*\).*/\1/p')" -lt 253 ] || type=notify-reload
[ "$(show Type)" = $type ] || fail "its Type= is $(show Type), and should be $type"
want "measured and limited by its cgroup below" journalctl --no-pager -o cat -u urocket

step "the units, as systemd reads them"
mkdir /tmp/units
cp /usr/lib/systemd/system/urocket.service /usr/share/doc/urocket/examples/systemd/*.socket /tmp/units
out=$(systemd-analyze verify --man=no /tmp/units/* 2>&1) && [ -z "$out" ] || fail "systemd-analyze verify: $out"
exposure 56

step "reload: PHP finds its library"
cat >/srv/hog.php <<'END'
<?php
require 'urocket.php';
ini_set('memory_limit', -1);
$s = str_repeat('x', (int) getenv('SIZE') << 20);
urocket_reply(['size' => strlen($s)]);
END
cat >/srv/limits.php <<'END'
<?php
require 'urocket.php';
$group = '/sys/fs/cgroup' . trim(explode(':', file_get_contents('/proc/self/cgroup'), 3)[2]);
$has = [];
foreach (['memory.max', 'pids.max', 'cpu.max'] as $file) $has[$file] = trim(file_get_contents("$group/$file"));
preg_match('/NoNewPrivs:\s*(\d)/', file_get_contents('/proc/self/status'), $m);
for ($n = 0; $n < 40 && ($p = @proc_open(['sleep', '5'], [], $pipes)); $n++) $started[] = $p;
urocket_reply($has + ['all started' => $n >= 40, 'no new privileges' => $m[1]]);
END
cp /usr/bin/id /usr/local/bin/postdrop
cat >/srv/slow.sh <<'END'
: >/tmp/running
sleep 10
echo slow
END
cat >/srv/openapi.yaml <<'END'
openapi: 3.0.3
info: {title: urocket, version: "1"}
paths:
  /hello/{name}: {get: {parameters: [{name: name, in: path, required: true, schema: {type: string}}], responses: {"200": {description: a greeting}}}}
  /hog/{size}: {get: {parameters: [{name: size, in: path, required: true, schema: {type: integer}}], responses: {"200": {description: its size}}}}
  /limits: {get: {responses: {"200": {description: of a call}}}}
  /slow: {get: {responses: {"200": {description: after seconds}}}}
  /postdrop: {get: {responses: {"200": {description: who that program is}}}}
END
cp /srv/openapi.yaml /etc/urocket/openapi.yaml
cat >>$config <<'END'
  /hog/{size}:
    get:
      inject: {wd: /srv, cmd: php hog.php, env: ["SIZE={{path.size}}"], timeout: 1m}
      limits: {memory: 64MiB, pids: 16, cpus: 1}
  /limits:
    get:
      inject: {wd: /srv, cmd: php limits.php, timeout: 1m}
      limits: {memory: 64MiB, pids: 16, cpus: 0.5}
  /slow:
    get:
      reply: stdout
      inject: {cmd: sh /srv/slow.sh, timeout: 1m}
  /postdrop:
    get:
      reply: stdout
      inject: {cmd: /usr/local/bin/postdrop, timeout: 1m}
END
urocket dry -c $config >/dev/null || fail "the configuration"
systemctl reload urocket || fail "reload"
wait_for '{"size":1048576}' get http://127.0.0.1:8080/hog/1 # with Type=notify the reload may not be done yet

step "limits hold"
want '"oom":true' get http://127.0.0.1:8080/hog/200
want '{"memory.max":"67108864","pids.max":"16","cpu.max":"50000 100000","all started":false,' get http://127.0.0.1:8080/limits
want active systemctl is-active urocket

step "a reload that is refused changes nothing"
cp $config /tmp/good
echo "nonsense: true" >>$config
systemctl reload urocket || true
want '{"size":1048576}' get http://127.0.0.1:8080/hog/1

step "what is refused is not started again and again"
! systemctl restart urocket 2>/dev/null || fail "it starts with nonsense in its configuration"
[ "$(show Result) $(show NRestarts)" = "exit-code 0" ] || fail "it ended with $(show Result), and was restarted $(show NRestarts) times"
cp /tmp/good $config
systemctl start urocket || fail "start"

step "upgrade: it is restarted, who calls gets his answer, what was changed in /etc stays"
dpkg-deb -R /t/urocket.deb /tmp/newer
sed -i 's/^Version: .*/&+newer/' /tmp/newer/DEBIAN/control
dpkg-deb -Znone -b /tmp/newer /tmp/newer.deb >/dev/null
before=$(show MainPID)
upgrade() { dpkg -i /tmp/newer.deb >/dev/null 2>&1; }
slowly upgrade
want +newer dpkg-query -f '${Version}' -W urocket
want active systemctl is-active urocket
[ "$(show MainPID)" != "$before" ] || fail "it was not restarted"
want '{"size":1048576}' get http://127.0.0.1:8080/hog/1

step "watchdog: what hangs is ended and started again"
dropin watchdog '[Service]' WatchdogSec=10
systemctl restart urocket || fail "restart"
kill -STOP "$(show MainPID)"
wait_for 1 show NRestarts
wait_for "hello debian" get http://127.0.0.1:8080/hello/debian
want "Failed with result 'watchdog'" journalctl --no-pager -o cat -u urocket
undo watchdog
systemctl restart urocket || fail "restart"

step "stop: who calls gets his answer, nothing is left"
group=/sys/fs/cgroup$(show ControlGroup)
[ -d "$group" ] || fail "there is no $group"
slowly systemctl stop urocket
[ "$(show Result)" = success ] || fail "it ended with $(show Result)"
[ ! -d "$group" ] || fail "its cgroup is left"

step "socket activation"
cp /usr/share/doc/urocket/examples/systemd/*.socket /etc/systemd/system
systemctl daemon-reload
systemctl start urocket-http.socket urocket-reply.socket
want inactive systemctl is-active urocket
want '{"size":1048576}' get http://127.0.0.1:8080/hog/1
want active systemctl is-active urocket
systemctl stop urocket
want '{"size":1048576}' get http://127.0.0.1:8080/hog/1
systemctl stop urocket-http.socket urocket-reply.socket urocket
rm /etc/systemd/system/urocket-*.socket
systemctl daemon-reload

step "hardened"
given hardened
exposure 25
systemctl start urocket || fail "start"
want '{"size":1048576}' get http://127.0.0.1:8080/hog/1
want '"oom":true' get http://127.0.0.1:8080/hog/200
want '"pids.max":"16","cpu.max":"50000 100000","all started":false,"no new privileges":"1"' get http://127.0.0.1:8080/limits
systemctl stop urocket
[ "$(show Result)" = success ] || fail "it ended with $(show Result)"
undo hardened
systemctl start urocket || fail "start"

step "programs that gain rights"
install -g mail -m 2755 /usr/bin/id /usr/local/bin/postdrop
echo "   without setuid.conf: $(get http://127.0.0.1:8080/postdrop)"
given setuid
systemctl restart urocket || fail "restart"
want "egid=8(mail)" get http://127.0.0.1:8080/postdrop
want '"no new privileges":"0"' get http://127.0.0.1:8080/limits
undo setuid
systemctl stop urocket

step "the example"
mkdir /srv/petshop
cp -rL /usr/share/doc/urocket/examples /usr/share/doc/urocket/scripts /srv/petshop
sed -i 's/timeout: 5s/timeout: 1m/' /srv/petshop/examples/urocket-service.yaml # slow, as was said
dropin example '[Service]' ExecStart= 'ExecStart=/usr/bin/urocket run -c /srv/petshop/examples/urocket-service.yaml'
systemctl start urocket || fail "start"
want '"available":8' get http://127.0.0.1:8080/store/inventory
undo example

step "remove, install again: the configuration was kept"
dpkg -r urocket >/dev/null 2>&1 || fail "dpkg -r"
want inactive systemctl is-active urocket
dpkg -i /t/urocket.deb >/dev/null 2>&1 || fail "dpkg -i"
want '{"size":1048576}' get http://127.0.0.1:8080/hog/1

step "purge"
dpkg -P urocket >/dev/null 2>&1 || fail "dpkg -P"
want inactive systemctl is-active urocket
left=$(find /etc /usr /var/lib -xdev -iname '*urocket*' ! -path '/var/lib/systemd/*' -print)
[ -z "$left" ] || fail "left behind: $left"
echo "all as it should be"
