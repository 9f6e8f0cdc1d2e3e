#!/bin/sh
# Runs a command in a root, with /proc, /dev/shm and /dev/pts of its own: `tests/pi/enter.sh DIR COMMAND…`.
#
# What it mounts is gone with it. /sys stays empty, as a machine's without a part: what is found in the
# root must not depend on where it runs. Under qemu the processor is a Pi 4's: as its own default qemu would
# reckon each pointer's signature, which Debian 13 asks for and no Pi has, at four times the time.
set -eu
root=$1
shift
exec unshare --mount --pid --fork --kill-child sh -euc '
  root=$1
  shift
  mount --bind "$root" "$root" # a mount point: what runs in it may have mounts of its own, too
  mount -t proc proc "$root/proc"
  mkdir -p "$root/dev/shm" "$root/dev/pts"
  mount -t tmpfs tmpfs "$root/dev/shm"
  mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
  ln -sf pts/ptmx "$root/dev/ptmx"
  exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
    DEBIAN_FRONTEND=noninteractive QEMU_CPU=cortex-a72 ${SOURCE_DATE_EPOCH+SOURCE_DATE_EPOCH=$SOURCE_DATE_EPOCH} \
    chroot "$root" "$@"
' sh "$root" "$@"
