#!/bin/busybox sh
# PID 1 of the test machine: makes the disk the root of a host with a whole cgroup
# v2, runs /t/command there, says how it ended on the second serial line, and
# switches off.
B=/bin/busybox
$B mkdir -p /proc /dev /r
$B mount -t devtmpfs dev /dev
$B mount -t proc proc /proc
$B stty -onlcr 2>/dev/null
while [ ! -b /dev/nvme0n1 ]; do $B sleep 0.1; done
$B mount -t ext4 /dev/nvme0n1 /r
$B mount --bind /t /r/t
$B mount -t devtmpfs dev /r/dev
$B mkdir -p /r/dev/shm
$B mount -t proc proc /r/proc
$B mount -t sysfs sys /r/sys
$B mount -t cgroup2 -o nsdelegate cgroup2 /r/sys/fs/cgroup
$B mount -t tmpfs -o mode=1777 tmp /r/tmp
$B mount -t tmpfs shm /r/dev/shm
$B ip link set lo up
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TMPDIR=/tmp UROCKET_VM=1
$B chroot /r /bin/sh /t/command
echo "$?" >/dev/ttyS1
$B sync
$B poweroff -f
