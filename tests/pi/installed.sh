#!/bin/sh
# In a fresh root of Debian, as root: installs /root/pos-terminal.deb and holds it to its word.
#
# It installs; the doctor names the missing parts one by one and fails; a terminal comes up out of
# service as its own user; a sale plays on the models; removing it leaves data and settings.
set -eu
step() { echo "-- $*"; }
quietly() { "$@" >/root/log 2>&1 || { tail /root/log; exit 1; }; }
settings=/etc/pos-terminal/terminal.toml
data=/var/lib/pos-terminal

step install
quietly apt-get update -qq
quietly apt-get install -y -qq --no-install-recommends /root/pos-terminal.deb
pos --version
id pos
pos release list
test "$(readlink /opt/pos-terminal/current)" = "releases/$(pos --version | cut -d ' ' -f 2)"

step "install again"
pos install >/root/again.log
grep -q "all is in place already" /root/again.log || { cat /root/again.log; exit 1; }

step doctor
if pos doctor --json >/root/doctor.json; then
  echo "the doctor finds nothing where nothing is"
  exit 1
fi
for part in display keypad reader printer permissions; do
  python3 - $part <<'PY'
import json, sys
told = json.load(open("/root/doctor.json"))["findings"]
bad = [each for each in told if each["part"] == sys.argv[1] and each["verdict"] == "bad"]
assert bad and all(each["advice"] for each in bad), (sys.argv[1], told)
for each in bad:
    print(f"{sys.argv[1]}: {each['detail']}. {each['advice']}")
PY
done

step run
cd $data
setpriv --reuid pos --regid pos --init-groups pos run --config $settings 2>/root/run.log &
terminal=$!
for _ in $(seq 120); do
  ! grep -q event=started /root/run.log && kill -0 $terminal || break
  sleep 1
done
kill $terminal
wait $terminal || { cat /root/run.log; exit 1; }
grep event=started /root/run.log
test "$(stat -c %U $data/journal.db)" = pos

step upgrade
dpkg-deb -R /root/pos-terminal.deb /root/next
version=/opt/pos-terminal/package/lib/firmware/__init__.py
sed -i 's/^__version__ = .*/__version__ = "99.0"/' "/root/next$version"
sed -i 's/^Version: .*/Version: 99.0/' /root/next/DEBIAN/control
dpkg-deb --root-owner-group -Znone --build /root/next /root/next.deb >/dev/null
quietly apt-get install -y -qq --no-install-recommends /root/next.deb
test "$(pos --version)" = "pos 99.0"
pos release back
pos release list
test "$(pos --version)" != "pos 99.0"

step demo
cd /tmp
pos demo >/root/demo.log || { tail /root/demo.log; exit 1; }
tail -n 1 /root/demo.log

step remove
quietly apt-get remove -y -qq pos-terminal
test -f $settings
test -f $data/journal.db
test ! -e /etc/systemd/system/pos-terminal.service
test ! -e /opt/pos-terminal
