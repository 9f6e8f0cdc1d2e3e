#!/bin/sh
# The whole way onto a Pi, without one: `tests/pi/on_debian.sh [ARCH [SUITE]]`, of itself arm64 bookworm.
#
# In a root of Debian (bookworm, trixie) the package is built and the unit tests run; in another one,
# fresh, the package is installed, looked at, tried, upgraded and removed: see installed.sh. Under qemu-user
# arm64 takes half an hour and more. TESTS names other tests to run than those below; ROOTS a folder in
# which the roots stay, for the next time to be quicker.
# Wants what root.sh wants, and a network for Debian's and Python's packages.
set -eu
cd "$(dirname "$0")/../.."
here=tests/pi
arch=${1:-arm64} suite=${2:-bookworm}
tests=${TESTS-"tests/contracts tests/ops/doctor tests/emv tests/flows tests/acquirer tests/hw tests/ops/install tests/journal
  tests/ui tests/receipts"}

if [ "${ROOTS-}" ]; then
  mkdir -p "$ROOTS"
  work=$(readlink -f "$ROOTS")
else
  work=$(mktemp -d)
  trap 'rm -rf --one-file-system "$work"' EXIT
  trap 'exit 1' HUP INT TERM
  chmod 755 "$work"
fi
base=$work/$arch-$suite build=$work/$arch-$suite-build fresh=$work/$arch-$suite-fresh
begun=$(date +%s)
step() { echo "== $arch $suite, $(($(date +%s) - begun)) s: $*"; }

step "make a root"
if [ ! -d "$base" ]; then
  rm -rf --one-file-system "$base-new"
  $here/root.sh "$arch" "$suite" "$base-new"
  mv "$base-new" "$base"
fi
[ -d "$build" ] || cp -a "$base" "$build"

step "build the package"
mkdir -p "$build/src"
rm -f "$build"/pos-terminal_*.deb
git ls-files -z --cached --others --exclude-standard | # without what is deleted and not yet committed
  xargs --null ls --directory --zero 2>/dev/null |
  tar --create --null --files-from=- | tar --extract --directory="$build/src"
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH
$here/enter.sh "$build" sh -euc '
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends python3 python3-venv python3-dev gcc libc6-dev \
    libpcsclite-dev dpkg-dev >/dev/null 2>&1
  python3 --version
  cd /src
  .ci/deb /
'

step "install it into a fresh root"
rm -rf --one-file-system "$fresh"
cp -a "$base" "$fresh"
cp "$build"/pos-terminal_*.deb "$fresh/root/pos-terminal.deb"
cp $here/installed.sh "$fresh/root/"
$here/enter.sh "$fresh" sh /root/installed.sh
rm -rf --one-file-system "$fresh"

step "run the unit tests" # without the packages that only a browser's and a card server's tests use
# shellcheck disable=SC2086 # words are meant
$here/enter.sh "$build" sh -euc '
  cd /src
  firmware/pos test --version
  exec .venv/bin/python -m pytest -q -n 3 --dist worksteal "$@"
' sh $tests
step "all holds"
