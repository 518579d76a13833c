#!/bin/bash
# Run by scripts/try-container.sh as a unit of a Debian that systemd has booted: urocket in containers, started in the ways
# that docs/containers.md has in its table. Prints a row for each.
set -u
mkdir -p /etc/containers
printf '[storage]\ndriver = "vfs"\nrunroot = "/run/containers/storage"\ngraphroot = "/var/lib/containers/storage"\n' >/etc/containers/storage.conf

mkdir -p /root/image/{usr/bin,tmp,run/urocket,etc/urocket,srv}
chmod 1777 /root/image/tmp
chown 65532:65532 /root/image/run/urocket
cp /t/urocket /root/image/usr/bin
cp /bin/busybox /root/image/srv
echo 'urocket:x:65532:65532:urocket:/tmp:/sbin/nologin' >/root/image/etc/passwd
cat >/root/image/etc/urocket/openapi.yaml <<'END'
{openapi: 3.0.3, info: {title: container, version: "1"}, paths: {}}
END
cat >/root/image/etc/urocket/urocket-service.yaml <<'END'
servicename: container
listen: 127.0.0.1:8080
socketpath: /run/urocket/urocket.sock
openapi: openapi.yaml
defaults: {timeout: 1m, reply: stdout}
paths:
  /hog:
    get:
      inject: {cmd: /srv/busybox dd if=/dev/zero of=/dev/null bs=100M count=1}
      limits: {memory: 32MiB, swap: 0, mode: besteffort}
  /daemon:
    get:
      inject: {cmd: [/srv/busybox, sh, -c, "/srv/busybox setsid /srv/busybox sleep 4321 >/dev/null 2>&1 & echo started"]}
END
tar -C /root/image -c . | podman import -q --change 'ENTRYPOINT ["/usr/bin/urocket"]' --change 'CMD ["run","-c","/etc/urocket/urocket-service.yaml"]' - urocket >/dev/null || exit 1
podman --version
crun --version | head -n 1
runc --version | head -n 1
code=0 # the worst of all rows
row() { # row full|none RUNTIME USER OPTION...: what is to come of it
    local expected=$1 runtime=$2 user=$3 name log hog daemon level=none
    shift 3
    name=c$RANDOM
    podman --runtime "$runtime" run -d --name $name --network host --stop-signal SIGTERM --user "$user" "$@" urocket >/dev/null || {
        echo "$runtime --user $user $*: COULD NOT BE STARTED"
        code=1
        return
    }
    for _ in $(seq 60); do
        log=$(podman logs $name 2>&1)
        [[ $log != *serving* ]] || break
        sleep 1
    done
    [[ $log != *"measured and limited by its cgroup"* ]] || level=full
    hog=$(curl -s --max-time 90 http://127.0.0.1:8080/hog)
    daemon=$(curl -s --max-time 90 http://127.0.0.1:8080/daemon)
    for _ in $(seq 30); do
        pgrep -f 'sleep 4321' >/dev/null || break
        sleep 1
    done
    echo "$runtime --user $user $*: $level"
    [ $level = $expected ] && { [ $level = none ] || [[ $hog == *'"oom":true'* ]]; } && [ "$daemon" = started ] && ! pgrep -f 'sleep 4321' >/dev/null || {
        echo "   NOT AS IT SHOULD BE: $expected was expected; hog: $hog; daemon: $daemon; $log"
        code=1
    }
    podman stop -t 60 $name >/dev/null
    [ "$(podman inspect $name --format '{{.State.ExitCode}}')" = 0 ] || {
        echo "   NOT AS IT SHOULD BE: it ended with $(podman inspect $name --format '{{.State.ExitCode}}')"
        code=1
    }
    podman rm $name >/dev/null
}

# Docker's and containerd's seccomp profiles refuse clone3(2); that of podman and CRI-O does not.
php -r '$p = json_decode(file_get_contents("/usr/share/containers/seccomp.json"));
foreach ($p->syscalls as $s) $s->names = array_values(array_diff($s->names, ["clone3"]));
$p->syscalls[] = ["names" => ["clone3"], "action" => "SCMP_ACT_ERRNO", "errnoRet" => 38];
echo json_encode($p);' >/root/docker-seccomp.json

rw=--security-opt=unmask=/sys/fs/cgroup
docker=--security-opt=seccomp=/root/docker-seccomp.json
hard="--read-only --cap-drop=all --security-opt=no-new-privileges --tmpfs=/run/urocket:U"
row none runc 65532 $hard
row full runc 65532 $hard $rw
row none runc 65532 $hard $rw $docker
row full runc 0 $rw
row full runc 65532 --systemd=always
row none crun 65532 $hard
row none crun 65532 $hard $rw
row full crun 0 $rw
row full crun 0 --privileged
row none crun 65532 --cgroupns=host -v /sys/fs/cgroup:/sys/fs/cgroup:rw
row full crun 0 --cgroupns=host -v /sys/fs/cgroup:/sys/fs/cgroup:rw
exit $code
