#!/bin/busybox sh
# PID 1 of the test machine: mounts what a host has, runs /t/command, says how it
# ended on the second serial line, and switches off.
B=/bin/busybox
$B mkdir -p /proc /sys /dev /r
$B mount -t devtmpfs dev /dev
$B mount -t proc proc /proc
$B stty -onlcr 2>/dev/null
R=
if [ -b /dev/nvme0n1 ]; then
  $B mount -t ext4 /dev/nvme0n1 /r && R=/r
  $B mkdir -p /r/t
  $B mount --bind /t /r/t
  $B mount -t devtmpfs dev /r/dev
  $B mount -t proc proc /r/proc
fi
$B mkdir -p $R/sys $R/tmp $R/dev/shm $R/run $R/root
$B mount -t sysfs sys $R/sys
$B mount -t cgroup2 -o nsdelegate cgroup2 $R/sys/fs/cgroup
$B mount -t tmpfs -o mode=1777 tmp $R/tmp
$B mount -t tmpfs shm $R/dev/shm
$B ip link set lo up
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TMPDIR=/tmp UROCKET_VM=1
if [ -n "$R" ]; then
  $B chroot $R /bin/busybox sh /t/command
else
  $B --install -s /bin
  $B sh /t/command
fi
echo "$?" >/dev/ttyS1
$B sync
$B poweroff -f
