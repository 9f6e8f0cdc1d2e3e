"""The whole way onto a Pi in roots of Debian: minutes natively, half an hour under qemu."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("on_debian.sh")
NEEDED = {"debootstrap": "debootstrap", "qemu-aarch64-static": "qemu-user-static"}
missing = [package for command, package in NEEDED.items() if shutil.which(command) is None]


@pytest.mark.long
@pytest.mark.skipif(os.geteuid() != 0, reason="roots are made by root")
@pytest.mark.skipif(bool(missing), reason=f"apt install {' '.join(missing)}")
@pytest.mark.parametrize("suite", ["bookworm", "trixie"])
@pytest.mark.parametrize("arch", ["arm64", "amd64"])
def test_a_fresh_machine_installs_looks_and_sells(arch, suite):
    done = subprocess.run([SCRIPT, arch, suite], stdout=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "all holds" in done.stdout.splitlines()[-1]
