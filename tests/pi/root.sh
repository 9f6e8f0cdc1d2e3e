#!/bin/sh
# Makes a root of Debian as a fresh machine has it: `tests/pi/root.sh ARCH SUITE DIR`.
#
# For another architecture than this machine's, qemu-user-static runs its programs; the kernel is told so
# here, where nobody has told it. The root resolves and trusts as this machine does.
# Wants: root, debootstrap, for arm64 on another machine qemu-user-static.
set -eu
arch=$1 suite=$2 root=$3
binfmt=/proc/sys/fs/binfmt_misc

if [ "$arch" = arm64 ] && [ "$(dpkg --print-architecture)" != arm64 ]; then
  [ -e $binfmt/register ] || mount -t binfmt_misc binfmt_misc $binfmt
  # its interpreter is opened here and now (flag F), so the root needs no copy of it
  [ -e $binfmt/qemu-aarch64 ] || cat /usr/lib/binfmt.d/qemu-aarch64.conf >$binfmt/register
fi

mkdir -p "$root"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
debootstrap --variant=minbase --arch="$arch" --include=ca-certificates "$suite" "$root" \
  ${DEBIAN_MIRROR:+"$DEBIAN_MIRROR"} >"$log" 2>&1 || {
  tail -n 3 "$log"
  exit 1
}
for each in /etc/resolv.conf /etc/hosts /etc/pip.conf /etc/ssl/certs/ca-certificates.crt; do
  [ ! -e $each ] || cp -L $each "$root$each"
done
for each in /etc/apt/apt.conf.d/*proxy*; do
  [ ! -e "$each" ] || cp "$each" "$root$each"
done
