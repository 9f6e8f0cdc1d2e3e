"""README's tour holds line by line, in its order, as it is written, on a fresh clone.

The copy has the environment of this run instead of one of its own. Of commands that stay until they
are told to end, the simulator is used as a browser would, and each is ended by SIGTERM.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import threading
from pathlib import Path
from urllib.request import urlopen

import msgspec
import pytest
from websockets.sync.client import connect

from tests.moved import python_path

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
PATIENCE_S = 120  # of a machine with other work
CLONE = ("firmware", "hw", "tests/scenarios", "README.md", "LICENSE", "pyproject.toml")
LOCKS = ("requirements.lock", "requirements-build.lock", "requirements-dev.lock", ".gitignore")
STAY = ("sim", "run")


def tour():
    """The tour's commands without what is said beside them."""
    (block,) = re.findall(r"## A minute's tour\n\n((?:    .*\n)+)", README)
    return [re.sub(r"\s+# .*", "", line).strip() for line in block.splitlines()]


def command_of(line):
    return line.split()[1]


@pytest.fixture
def clone(tmp_path):
    """A checkout whose environment is there already; every other file is as a clone has it."""
    made = tmp_path / "clone"
    rubbish = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for name in (*CLONE, *LOCKS):
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, made / name, ignore=rubbish)
        else:
            shutil.copy(ROOT / name, made / name)
    programs = made / ".venv" / "bin"
    programs.mkdir(parents=True)
    (programs / "python").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    (programs / "pos").write_text("")  # an environment that somebody has made is not made anew
    for path in programs.iterdir():
        path.chmod(0o755)
    return made


def environment(clone, tmp_path):
    """The clone's modules before those of this checkout; no part and no display of this machine."""
    found = {name: text for name, text in os.environ.items() if not name.startswith("POS_CONFIG")}
    return found | {
        "PYTHONPATH": python_path(clone),
        "PCSCLITE_CSOCK_NAME": os.fspath(tmp_path / "no-pcscd"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "LC_ALL": "C.UTF-8",
    }


class Visitor:
    """Somebody who types the tour's lines in the clone's folder."""

    def __init__(self, clone, tmp_path):
        self._surroundings = {
            "cwd": clone,
            "env": environment(clone, tmp_path),
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.STDOUT,
            "text": True,
        }

    def done(self, line):
        """A command that ends by itself."""
        return subprocess.run(
            ["sh", "-c", line],
            **self._surroundings,
            timeout=PATIENCE_S,
            check=False,
        )

    def until(self, line, told, then):
        """A command that stays: once it has said `told`, `then` is called, and it is ended."""
        with subprocess.Popen(["sh", "-c", f"exec {line}"], **self._surroundings) as process:
            late = threading.Timer(PATIENCE_S, process.kill)
            late.start()
            said = []
            try:
                for words in process.stdout:
                    said.append(words)
                    if re.search(told, words):
                        then(words)
                        break
                process.send_signal(signal.SIGTERM)
                rest, _ = process.communicate()
            finally:
                late.cancel()
                process.kill()
        return process.returncode, "".join(said) + rest


class Page:
    """A browser's end of the simulator."""

    def __init__(self, socket):
        self._socket = socket

    def sell(self):
        """A sale of 12.50."""
        self._see("Enter amount")
        self._press("1", "2", "5", "0", "ENTER")
        self._see("Amount correct?")
        threading.Event().wait(1)  # a key counts only once the frame was there to be read
        self._press("ENTER")
        self._see("Insert card")
        self._do(do="act", line="insert visa-credit")
        self._see("Approved")

    def _press(self, *keys):
        for key in keys:
            self._do(do="down", key=key)
            self._do(do="up", key=key)

    def _do(self, **request):
        self._socket.send(msgspec.json.encode(request).decode())

    def _see(self, text):
        """Wait until the page is told this."""
        while text not in self._socket.recv(timeout=PATIENCE_S):
            pass


def use_simulator(words):
    url = words.split()[-1]
    with urlopen(url, timeout=PATIENCE_S) as answer:
        assert answer.status == 200
        assert b"<html" in answer.read()
    place, _, token = url.removeprefix("http://").partition("/?token=")
    address = f"ws://{place}/ws?token={token}"
    with connect(address, origin=f"http://{place}", max_size=None) as socket:
        Page(socket).sell()


def not_ignored(clone):
    """Files in the clone that are no clone's, and that git would take by `git add .`."""
    subprocess.run(["git", "init", "-q", "."], cwd=clone, check=True)
    told = subprocess.run(
        ["git", "status", "--porcelain", "--untracked-files=all"],
        cwd=clone,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
    names = [line.removeprefix("?? ") for line in told.splitlines()]
    assert "README.md" in names
    return [name for name in names if not any(name.startswith(each) for each in (*CLONE, *LOCKS))]


def test_the_tour_holds_line_by_line(clone, tmp_path):
    visitor = Visitor(clone, tmp_path)
    said = {}
    for line in tour():
        command = command_of(line)
        if command in STAY:
            told, then = {
                "sim": ("pos sim: http", use_simulator),
                "run": ("display", lambda _words: None),
            }[command]
            code, said[line] = visitor.until(
                f"{line}{' --port 0' * (command == 'sim')}", told, then
            )
        else:
            done = visitor.done(line)
            code, said[line] = done.returncode, done.stdout
        # what is not wired is what the doctor is for: it says so in words, and 1
        assert code in ((0, 1) if command == "doctor" else (0,)), f"{line}\n{said[line]}"
        assert "Traceback" not in said[line]
    by_command = {}
    for line, words in said.items():
        by_command.setdefault(command_of(line), []).append(words)
    assert "000001" in by_command["journal"][0]
    assert "12.50" in by_command["journal"][0]
    assert "intact" in by_command["verify"][0]
    assert "NOT INTACT" not in by_command["verify"][0]
    assert "out/sim" in by_command["sim"][0]
    assert by_command["config"][-1].splitlines()[-1] == "pos.toml: ok"
    for part in ("display", "keypad", "reader", "printer"):
        assert part in by_command["doctor"][0]
    with tarfile.open(clone / "pos.tar") as backup:
        assert "settings/pos.toml" in {
            "/".join(name.split("/")[:1] + name.split("/")[-1:]) for name in backup.getnames()
        }
    if shutil.which("git"):
        assert (clone / "pos-data" / "signing.key").exists(), "what is not to be published"
        assert not_ignored(clone) == []
