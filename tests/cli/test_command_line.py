"""Every command with absurd words: one clear line, never a traceback, and nothing is lost.

Each row of the table is played in this process; those that could wait for ever, fill the memory
or end the process play in one of their own, as a person would start it.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import weakref
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import IO

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from firmware.__main__ import COMMANDS, raise_later
from firmware.journal.keys import TerminalKeys
from tests.cli.conftest import Ended, Pos
from tests.source import ROOT

TIMEOUT_S = 120
HUGE = "9" * 400
# words of a command line, of which none can be done; @ stands for the folder of odd files
ABSURD = {
    "a till that may what nobody may": "till add a --may fly --data @/none",
    "a till with a name of other signs": "till add a/b --may pay --data @/none",
    "a till of a terminal that is not there": "till list --data @/none",
    "no such port": "sim --port 99999",
    "a guide in no language": "guide --lang xx -o @/guide.html",
    "a port below none": "sim --port -1",
    "a port without end": f"sim --port {HUGE}",
    "a port in other digits": "sim --port ٤",
    "no address": "sim --listen nowhere",
    "another's address": "sim --port 0 --listen 192.0.2.1",
    "a story that is not there": "play @/none.pos",
    "a story that is a folder": "play @",
    "a story that is a pipe": "play @/pipe",
    "a story that is a device": "play /dev/zero",
    "a story that is huge": "play @/huge",
    "a story that is binary": "play @/binary",
    "pictures into a file": "demo --fast -o @/text",
    "settings that are not there": "config check @/none.toml",
    "settings that are a folder": "config check @",
    "settings that are a pipe": "config check @/pipe",
    "an authority that is a pipe": "config check @/tls.toml",
    "a line's authority that is a pipe": "sim --port 0 --acquirer h:1 --acquirer-ca @/pipe",
    "a certificate that is a pipe": "acquirer serve --data @-books --port 0 --tls-cert @/pipe",
    "a certificate's key that is a pipe": (
        "acquirer serve --data @-books --port 0 --tls-cert @/text --tls-key @/pipe"
    ),
    "settings that are a device": "config check /dev/zero",
    "settings that are huge": "config check @/huge",
    "settings that are binary": "config check @/binary",
    "settings that are nested": "config check @/nested.toml",
    "settings to run by": "run --config @/pipe",
    "data that is a file": "run --config @/bare.toml --data @/text",
    "a journal that is not there": "journal list --data @",
    "a journal that is a file": "journal list --data @/text",
    "a journal that is empty": "journal list --data @/empty",
    "a journal that is binary": "journal list --data @/broken",
    "a journal to report": "report --batch 1 --data @/broken",
    "a day without end": f"report --day {HUGE} --data @",
    "a voucher without end": f"evidence {HUGE} -o @/e.zip --data @",
    "a voucher below none": "evidence -1 -o @/e.zip --data @",
    "a backup of nothing": "backup @/b.pos --config @/bare.toml --data @",
    "a backup that is a pipe": "restore @/pipe --data @/new",
    "a backup that is a folder": "restore @ --data @/new",
    "a backup that is binary": "restore @/binary --data @/new",
    "a backup that is a device": "restore /dev/zero --data @/new",
    "a journal to verify": "verify @/none",
    "a journal to verify, binary": "verify @/broken",
    "a QR of nothing": "verify --qr x --key @/binary",
    "a key that is a pipe": "verify --qr x --key @/pipe",
    "a key that is a device": "verify --qr x --key /dev/zero",
    "operators of nobody": "operator list --data @",
    "an amount without end": f"card trace --card visa-credit --amount {HUGE}",
    "no such card": "card trace --card gold",
    "a trace into a folder": "card trace --card visa-credit -o @",
    "a sheet of another kind": "screens -o @/text",
    "a root that is a file": "install --dry-run --root @/text",
    "a root that is not there": "uninstall --dry-run --root @/none",
    "keys in a folder that is none": "key show --data @/none",
    "a frame that is a pipe": "acquirer decode @/pipe",
    "a frame that is huge": "acquirer decode @/huge",
    "a frame that is binary": "acquirer decode @/binary",
    "a profile that is not there": "acquirer decode 00 --profile @/none.toml",
    "a profile that is a pipe": "acquirer decode 00 --profile @/pipe.toml",
    "a profile that is nested": "acquirer decode 00 --profile @/nested.toml",
    "a hold of no day": "acquirer report --hold-days 0",
    "a MAC of nothing": "acquirer mac --scheme x9.19 --key zz --data 00",
    "no such bench": "bench nothing",
    "no command": "",
    "no such command": "pay",
}
ALONE = (
    "a story that is a pipe",
    "a story that is a device",
    "a story that is huge",
    "settings that are nested",
    "a backup that is a device",
    "a profile that is a pipe",
    "another's address",
    "no command",
)
HERE = [name for name in ABSURD if name not in ALONE]


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of files that are not what a command hopes for."""
    folder = tmp_path_factory.mktemp("odd")
    os.mkfifo(folder / "pipe")
    os.mkfifo(folder / "pipe.toml")
    (folder / "text").write_text("mine\n")
    (folder / "binary").write_bytes(bytes(range(256)) * 8)
    with (folder / "huge").open("wb") as file:
        file.truncate(3 << 30)
    (folder / "nested.toml").write_text("a = " + "[" * 100_000)
    (folder / "tls.toml").write_text(
        '[host]\nkind = "tcp"\naddress = "h"\nport = 1\ntls = true\ntls_ca = "pipe"\n'
    )
    (folder / "bare.toml").write_text('[printer]\nkind = "none"\n[display]\nport = 20\n')
    (folder / "empty").mkdir()
    (folder / "empty" / "journal.db").touch()
    (folder / "broken").mkdir()
    (folder / "broken" / "journal.db").write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
    return folder


@pytest.fixture
def bounded() -> Iterator[None]:
    """No command of this process waits for ever."""

    def end(*_: object) -> None:
        pytest.fail(f"it still waits after {TIMEOUT_S} s")

    before = signal.signal(signal.SIGALRM, end)
    signal.alarm(TIMEOUT_S)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def pos_alone(
    *words: str, cwd: Path | None = None, stdout: int | IO[str] = subprocess.PIPE
) -> Ended:
    """`pos` in a process of its own."""
    ended = subprocess.run(
        [sys.executable, "-m", "firmware", *words],
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        timeout=TIMEOUT_S,
        cwd=cwd,
        check=False,
    )
    return Ended(ended.returncode, ended.stdout, ended.stderr)


def one_clear_line(pos: Pos, name: str, odd: Path) -> None:
    before = {path.name: path.lstat().st_mtime_ns for path in odd.iterdir()}
    ended = pos(*ABSURD[name].replace("@", str(odd)).split())
    assert ended.code in (1, 2), ended
    assert "Traceback" not in ended.out + ended.err
    assert ended.err.strip() or ended.out.strip()
    assert len(ended.err) < 2_000
    assert (odd / "text").read_text() == "mine\n"
    after = {path.name: path.lstat().st_mtime_ns for path in odd.iterdir()}
    assert after == before


@pytest.mark.usefixtures("bounded")
@pytest.mark.parametrize("name", HERE)
def test_absurd_words_give_one_clear_line(
    name: str, odd: Path, pos: Pos, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(odd.parent)
    one_clear_line(pos, name, odd)


@pytest.mark.parametrize("name", ALONE)
def test_absurd_words_give_a_process_one_clear_line(name: str, odd: Path) -> None:
    one_clear_line(partial(pos_alone, cwd=odd.parent), name, odd)


def test_an_empty_file_is_no_journal_of_an_earlier_release(odd: Path, pos: Pos) -> None:
    ended = pos("journal", "list", "--data", str(odd / "empty"))
    assert ended.err == f"pos: {odd / 'empty' / 'journal.db'}: holds no journal\n"


EACH_COMMAND = """
from firmware.__main__ import COMMANDS, main
for command in COMMANDS:
    try:
        print(command, main([command, "--help"]))
    except SystemExit as ended:
        print(command, ended.code)
"""


def test_without_the_laboratory_all_other_commands_are_there(tmp_path: Path) -> None:
    for top in ("firmware", "hw"):
        shutil.copytree(ROOT / top, tmp_path / top, ignore=shutil.ignore_patterns("lab", "__py*"))
    told = subprocess.run(
        [sys.executable, "-c", EACH_COMMAND],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        check=True,
    )
    codes = dict(re.findall(r"^([a-z]+) ([0-9])$", told.stdout, re.MULTILINE))
    assert codes.keys() == set(COMMANDS)
    of_the_laboratory = {"sim", "demo", "play", "card", "bench"}
    assert {name for name, code in codes.items() if code != "0"} == of_the_laboratory
    assert set(told.stderr.splitlines()) == {
        "pos: this needs firmware/lab, which is not installed here"
    }


def test_every_command_has_a_row() -> None:
    rows = {words.split()[0] for words in ABSURD.values() if words}
    assert rows >= set(COMMANDS) - {"doctor", "release"}  # these look at the whole machine


@pytest.mark.parametrize("words", ["config example", "card trace --card visa-credit", "--help"])
def test_a_reader_that_has_seen_enough_is_no_error(words: str) -> None:
    command = f"{sys.executable} -m firmware {words} | head -1"
    ended = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, check=False
    )
    assert ended.stderr == ""
    assert len(ended.stdout.splitlines()) == 1


@pytest.mark.parametrize("words", ["config example", "card trace --card visa-credit"])
def test_a_full_disk_under_the_output_is_said_in_one_line(words: str) -> None:
    with Path("/dev/full").open("w") as full:
        ended = pos_alone(*words.split(), stdout=full)
    assert (ended.code, ended.err) == (1, "pos: No space left on device\n")


def test_no_home_and_a_folder_that_is_gone_are_no_trouble(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    script = f"cd {gone} && rmdir {gone} && exec {sys.executable} -P -m firmware config show"
    environment = {k: v for k, v in os.environ.items() if k not in ("HOME", "PYTHONSAFEPATH")}
    environment["PYTHONPATH"] = str(Path(__file__).resolve().parents[2])
    ended = subprocess.run(
        ["bash", "-c", script], capture_output=True, text=True, env=environment, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert "merchant.name" in ended.stdout


AT_ONCE = 1e-3  # a timer of a millisecond is over before the hook that set it is left


@pytest.mark.parametrize("pace", [1, AT_ONCE])
@pytest.mark.parametrize("end", [KeyboardInterrupt(), SystemExit(143)])
def test_an_end_where_python_can_raise_nothing_is_raised_a_moment_later(monkeypatch, end, pace):
    def ends(_ref: object) -> None:
        raise end

    def loses_it() -> None:
        things.clear()
        threading.Event().wait(TIMEOUT_S)

    things = [{1}]
    reference = weakref.ref(things[0], ends)
    monkeypatch.setattr(sys, "unraisablehook", raise_later)
    timer = signal.setitimer
    monkeypatch.setattr(signal, "setitimer", lambda which, s: timer(which, s * pace))
    before = signal.getsignal(signal.SIGALRM)
    try:
        with pytest.raises(type(end)):
            loses_it()
    finally:
        signal.signal(signal.SIGALRM, before)
    assert reference() is None


@pytest.mark.parametrize("words", ["sim --port 0", "demo", "play {story}", "run --config {bare}"])
@pytest.mark.parametrize("after_s", ["0.3", "0.6"])
def test_ctrl_c_early_is_no_traceback(words: str, after_s: str, odd: Path) -> None:
    story = odd.parent / "long.pos"
    story.write_text("press 1\nwait 3650d\n")
    line = words.format(story=story, bare=odd / "bare.toml")
    # as firmware/pos starts it: the interpreter itself would leave a traceback before it is ours
    start = f"trap '' INT; exec {sys.executable} -m firmware {line}"
    ended = subprocess.run(
        ["timeout", "--signal=INT", "--kill-after=20", after_s, "bash", "-c", start],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        cwd=odd.parent,
        check=False,
    )
    assert "Traceback" not in ended.stdout + ended.stderr


CLOSED = {
    "output of a list": ("config example >&-", 0),
    "output as JSON": ("acquirer decode 00 --json >&-", 1),
    "output of many kinds": ("card list >&-", 0),
    "errors": ("journal list --data @ 2>&-", 2),
    "input, a key": ("key load --data @ --check 12AB <&-", 2),
    "input, a QR code": ("verify --qr - --key @/public.pem <&-", 1),
    "all": ("config example <&- >&- 2>&-", 0),
}


@pytest.mark.parametrize(("words", "code"), CLOSED.values(), ids=CLOSED)
def test_a_closed_standard_stream_is_an_empty_one(words: str, code: int, tmp_path: Path) -> None:
    public = TerminalKeys.load_or_create(tmp_path).public_key
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "public.pem").write_bytes(pem)
    line = words.replace("@", str(tmp_path))
    ended = subprocess.run(
        ["bash", "-c", f"exec {sys.executable} -m firmware {line}"],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert "Traceback" not in ended.stdout + ended.stderr
    assert ended.returncode == code, ended.stderr


def test_no_file_gets_the_number_of_a_closed_stream(tmp_path: Path) -> None:
    """A server whose books had the number of its output could not say where it is."""
    line = f"{sys.executable} -m firmware acquirer serve --port 0 --data {tmp_path}/books"
    line += " --listen 0.0.0.0"  # not loopback: warned of, just before it is ready
    with subprocess.Popen(
        ["bash", "-c", f"exec {line} >&-"], stderr=subprocess.PIPE, text=True
    ) as serving:
        assert serving.stderr is not None
        warned = serving.stderr.readline()
        serving.terminate()
        said = serving.stderr.read()
    assert "without TLS" in warned
    assert (serving.returncode, said) == (0, "")


OUTPUTS = {
    "screens": "screens -o {file}.png",
    "trace": "card trace --card visa-credit -o {file}.png",
}


@pytest.mark.parametrize("words", OUTPUTS.values(), ids=OUTPUTS)
def test_a_file_is_replaced_by_force_alone(words: str, tmp_path: Path, pos: Pos) -> None:
    file = tmp_path / "a.png"
    file.write_text("mine")
    line = words.format(file=tmp_path / "a").split()
    refused = pos(*line)
    assert refused.code == 2
    assert refused.err == f"pos: {file}: is there already; --force replaces it\n"
    assert file.read_text() == "mine"
    assert pos(*line, "--force").code == 0
    assert file.read_bytes() != b"mine"
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_what_an_uninstall_keeps_is_what_there_is(tmp_path: Path, pos: Pos) -> None:
    (tmp_path / "etc").mkdir()
    ended = pos("uninstall", "--dry-run", "--root", str(tmp_path))
    assert (ended.code, ended.out) == (0, "nothing is installed\n")
    (tmp_path / "var/lib/pos-terminal").mkdir(parents=True)
    ended = pos("uninstall", "--dry-run", "--root", str(tmp_path))
    assert ended.out.endswith("kept: /var/lib/pos-terminal\n")
