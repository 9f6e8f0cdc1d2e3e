"""`pos install` and `pos uninstall` as a person meets them, below a temporary root."""

import argparse
import os
import shutil

import pytest

from firmware.cli import install, release, uninstall
from firmware.core.exits import DONE, FAILED, Refused
from firmware.ops.install.plan import UNIT_PATH

real_accounts = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("useradd") is None, reason="needs root, and Debian's passwd"
)


def ran(module, *words):
    parser = argparse.ArgumentParser()
    module.add_arguments(parser)
    return module.run(parser.parse_args([str(word) for word in words]))


@pytest.fixture
def root(tmp_path):
    etc = tmp_path / "etc"
    etc.mkdir()
    (etc / "passwd").write_text("root:x:0:0::/root:/bin/sh\n")
    (etc / "group").write_text("root:x:0:\nlp:x:7:\ndialout:x:20:\n")
    (etc / "shadow").write_text("root:*:19000::::::\n")
    (etc / "gshadow").write_text("root:*::\n")
    return tmp_path


COMMAND = ("--command", "/opt/pos-terminal/bin/pos")


def test_a_dry_run_needs_no_root_and_says_what_it_would_do(root, capsys):
    assert ran(install, "--dry-run", "--root", root, *COMMAND) == DONE
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "would add group pos"
    assert all(line.startswith("would ") for line in said)
    assert not (root / UNIT_PATH[1:]).exists()


@real_accounts
def test_it_installs_twice_and_uninstalls_with_debians_own_commands(root, capsys):
    assert ran(install, "--root", root, *COMMAND) == DONE
    capsys.readouterr()
    assert ran(install, "--root", root, *COMMAND) == DONE
    assert capsys.readouterr().out == "all is in place already\n"
    assert "\npos:x:" in (root / "etc/passwd").read_text()
    assert ran(uninstall, "--root", root) == DONE
    assert capsys.readouterr().out.splitlines()[-1].startswith("kept: /var/lib/pos-terminal")
    assert not (root / UNIT_PATH[1:]).exists()


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--command", "/home/pi/pos/.venv/bin/python"), "homes are closed"),
        (("--command", "pos"), "full path"),
        (("--command", "/opt/pos", "--root", "/nowhere"), "no directory"),
    ],
)
def test_what_cannot_work_is_refused(words, why):
    with pytest.raises(Refused, match=why):
        ran(install, "--dry-run", *words)


def test_a_system_without_accounts_is_told_and_left(tmp_path):
    (tmp_path / "etc").write_text("no folder")
    with pytest.raises(Refused) as refused:
        ran(install, "--root", tmp_path, *COMMAND)
    assert refused.value.code == FAILED


def test_releases_are_taken_listed_switched_and_gone_back_from(root, capsys):
    package = root / "opt/pos-terminal/package/lib/firmware"
    package.mkdir(parents=True)
    (root / "etc/pos-terminal").mkdir()
    for version in ("1.0", "1.1"):
        (package / "__init__.py").unlink(missing_ok=True)
        (package / "__init__.py").write_text(f'__version__ = "{version}"\n')
        assert ran(release, "--root", root, "take") == DONE
    capsys.readouterr()
    assert ran(release, "--root", root, "list") == DONE
    assert capsys.readouterr().out.splitlines() == ["  1.0  previous", "* 1.1"]
    assert ran(release, "--root", root, "back") == DONE
    assert ran(release, "--root", root, "switch", "1.1") == DONE
    assert ran(release, "--root", root, "judge") == DONE
    assert (root / "opt/pos-terminal/current").readlink().name == "1.1"


def test_where_no_package_is_installed_nothing_can_be_taken(root):
    with pytest.raises(Refused, match="No such file"):
        ran(release, "--root", root, "take")
    with pytest.raises(Refused, match=r"no release 1\.0: none at all"):
        ran(release, "--root", root, "switch", "1.0")
