"""What is done to a terminal in a soak: sales, one after another, and what goes wrong meanwhile."""

from __future__ import annotations

import contextlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

from firmware.core.clock import SystemClock
from firmware.core.config import Config
from firmware.lab.issuers import tray_books
from firmware.lab.scenario.audit import unbalanced
from firmware.terminal.assembly import embedded_host
from firmware.terminal.data_directory import DataDirectory
from hw.sim.reader.pcscd import PcscdUnavailable, PrivatePcscd
from tests.playing import provision
from tests.soak.house import SETTINGS, House, Taken, stop_bound_s

CARD, PIN = "unionpay-credit", "1 2 3 4 5 6"
# idle alone names the operator
IDLE, CHECK, CARD_WANTED, PIN_WANTED = "员01", "核对", "请插卡", "请输入密码"
APPROVED = "交易成功"
PHASES = (IDLE, CHECK, CARD_WANTED, PIN_WANTED, APPROVED)
SALE_S, OUTAGE_S = 60, 30
VIEW_S = 0.5
RSS_GROWTH_MAX = 1.25
WAL_MAX_BYTES = 16 << 20


class Soak:
    """A terminal, its disk and its pcscd, until `until` (monotonic seconds); `say` has figures."""

    def __init__(self, seed: int, say: Callable[[str], None]) -> None:
        self.chance = Random(seed)
        self.say = say
        self.done: Counter[str] = Counter()
        self.taken: list[Taken] = []
        self._stack = contextlib.ExitStack()
        folder = Path(tempfile.mkdtemp(prefix="pos-soak-"))
        self._stack.callback(shutil.rmtree, folder, ignore_errors=True)
        self.disk = Disk(folder)
        self._stack.callback(self.disk.close)
        self._pcscd = self._own_pcscd(folder)
        say(f"the data lies {'on a mount of its own' if self.disk.mounted else 'in a folder'}")
        provision(self.disk.data)
        self.house = House(self.disk.data, self._pcscd, SETTINGS)
        self.house.log = folder / "terminal.log"
        self._listing: subprocess.Popen[bytes] | None = None

    def run(self, seconds: float) -> None:
        """All of it. Raises AssertionError for whatever does not hold."""
        until = time.monotonic() + seconds
        try:
            self.house.start()
            for round_ in self._rounds():
                self._round(round_)
                if time.monotonic() > until:
                    break
            self._come_to_rest()
        finally:
            self._hold_list(None)
            if self.house.alive:
                self.house.end(signal.SIGKILL)
            self._stack.close()

    def figures(self) -> str:
        """What was done, and what the process took at its most and at last."""
        endings = self.house.endings_s
        last = self.taken[-1]
        return (
            f"{dict(sorted(self.done.items()))};"
            f" memory {min(one.rss_kib for one in self.taken) >> 10} to"
            f" {max(one.rss_kib for one in self.taken) >> 10} MiB, at last"
            f" {last.rss_kib >> 10}; files {_span(one.files for one in self.taken)};"
            f" threads {_span(one.threads for one in self.taken)};"
            f" logs at most {max(one.wal_bytes for one in self.taken) >> 10} KiB;"
            f" {len(endings)} endings, the longest {max(endings, default=0):.1f} s"
            f" of {stop_bound_s()}"
        )

    # --- rounds ---

    def _rounds(self) -> Iterator[str]:
        """Everything in turn, shuffled anew each time, so that a short soak has it all, too."""
        wrong = ["printer", "pcscd", "disk", "disk in a sale", "kill", "hang-up", "twice"]
        wrong += [f"term at {phase}" for phase in PHASES]
        while True:
            self.chance.shuffle(wrong)
            for each in wrong:
                yield "plain"
                yield each

    def _round(self, what: str) -> None:
        self._hold_list(self.disk.data)
        match what.split():
            case ["plain"]:
                self._sell()
            case ["printer"]:
                self.house.tell("stick")
                self._sell()
                self.house.tell("unstick")
            case ["pcscd"]:
                self._restart_pcscd()
            case ["disk", *rest]:
                self._lose_disk(in_a_sale=bool(rest))
            case ["kill"]:
                self._begin_sale(PIN_WANTED)
                self.house.end(signal.SIGKILL)
                self._start_again()
            case ["hang-up"]:
                self._end(signal.SIGHUP)
            case ["twice"]:
                self.house.tell("stick")  # a thread that would be waited for
                self._begin_sale(PIN_WANTED)
                self.house.again(signal.SIGTERM)
                self._end(signal.SIGTERM)
            case ["term", "at", phase]:
                if self.chance.random() < 0.5:
                    self.house.tell("stick")
                self._begin_sale(phase)
                self._end(signal.SIGTERM)
        self.done[what] += 1
        self._rest()
        if what == "plain":
            self.taken.append(self.house.taken())
            self.say(f"{self.done['sale']} sales, {self.taken[-1]}")

    def _restart_pcscd(self) -> None:
        if self._pcscd is None:
            return
        self._begin_sale(CARD_WANTED)
        self._pcscd.stop()
        self.house.wait(lambda: self.house.sees("读卡器"), OUTAGE_S, "a reader that is lost")
        self._pcscd.start()

    def _lose_disk(self, *, in_a_sale: bool) -> None:
        if in_a_sale:
            self._begin_sale(PIN_WANTED)
        self._hold_list(None)
        self.disk.go()
        self.house.tell("press 1")
        self.house.wait(lambda: self.house.sees("找不到数据"), OUTAGE_S, "data that is missed")
        held = self.house.open_below(self.disk.folder)
        assert not held, f"still open: {held}"
        self.disk.check_nothing_was_made()
        self.disk.come()

    def _end(self, how: signal.Signals) -> None:
        code = self.house.end(how)
        assert code == 0, f"{how.name}: it ended with {code}: {self.house.log.read_text()[-2000:]}"
        took_s, bound_s = self.house.endings_s[-1], stop_bound_s()
        assert took_s < bound_s, f"{how.name}: its ending took {took_s:.1f} s of {bound_s}"
        self._start_again()

    def _start_again(self) -> None:
        self.house.remove()
        self.house.start()
        self.house.tell("press CANCEL")  # who was keying a PIN ends that first

    # --- what a person does ---

    def _sell(self) -> None:
        self._begin_sale(APPROVED)
        self.done["sale"] += 1

    def _begin_sale(self, upto: str) -> None:
        """Key a sale, and stop where the display says `upto`."""
        self._rest()
        if upto == IDLE:
            return
        amount = " ".join(str(self.chance.randrange(100, 1_000)))
        self._step(f"press {amount} ENTER", CHECK)
        if upto == CHECK:
            return
        self.house.pause(VIEW_S)  # it has to be seen for a while before it counts
        self._step("press ENTER", CARD_WANTED)
        if upto == CARD_WANTED:
            return
        self.house.insert(CARD)
        self.house.wait(lambda: self.house.sees(PIN_WANTED), SALE_S, PIN_WANTED)
        self.house.tell(f"press {PIN} ENTER")
        if upto == APPROVED:
            self.house.wait(lambda: self.house.sees(APPROVED), SALE_S, APPROVED)

    def _step(self, line: str, then: str) -> None:
        """Press, and wait until the display says `then`."""
        self.house.tell(line)
        self.house.wait(lambda: self.house.sees(then), SALE_S, then)

    def _rest(self) -> None:
        """Whatever stands there, it comes back to idle; the card is taken out."""
        self.house.remove()
        until = time.monotonic() + 2 * SALE_S
        while not self.house.sees(IDLE):
            assert time.monotonic() < until, f"no way back to idle from {self.house.panel!r}"
            self.house.tell("press ENTER" if self.house.sees(APPROVED, "确认") else "press CANCEL")
            with contextlib.suppress(AssertionError):
                self.house.wait(lambda: self.house.sees(IDLE), 1, IDLE)
            assert self.house.alive, self.house.log.read_text()[-2000:]

    def _hold_list(self, data: Path | None) -> None:
        """A `pos journal list` in a pager that nobody turns: its pipe is full. None ends it."""
        if data is not None and self._listing is not None and self._listing.poll() is None:
            return
        if self._listing is not None:
            self._listing.kill()
            self._listing.communicate()
            self._listing = None
        if data is not None:
            told = ("journal", "list", "--data", str(data))
            command = [sys.executable, "-m", "firmware", *told]
            self._listing = subprocess.Popen(command, stdout=subprocess.PIPE, cwd="/")

    # --- the end ---

    def _come_to_rest(self) -> None:
        """All that is owed is out, and books and journal are equal."""
        self._hold_list(None)
        self._rest()
        self._sell()
        self._rest()
        self.taken.append(self.house.taken())
        assert self.house.end(signal.SIGTERM) == 0
        found = differences(self.disk.data)
        assert not found, "; ".join(found)
        self._hold_flat()

    def _hold_flat(self) -> None:
        """The second half took no more than the first."""
        half = len(self.taken) // 2
        first, second = self.taken[:half], self.taken[half:]
        assert max(one.wal_bytes for one in self.taken) < WAL_MAX_BYTES
        assert max(one.files for one in second) <= max(one.files for one in first)
        assert max(one.threads for one in second) <= max(one.threads for one in first)
        most = max(one.rss_kib for one in first) * RSS_GROWTH_MAX
        assert max(one.rss_kib for one in second) < most

    def _own_pcscd(self, folder: Path) -> PrivatePcscd | None:
        try:
            return self._stack.enter_context(PrivatePcscd(folder / "pcscd"))
        except PcscdUnavailable as reason:
            self.say(f"the reader is modelled: {reason}")
            return None


class Disk:
    """Where the data lies: a mount of its own where that is allowed, else a folder that moves."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "mount"
        self._disk = folder / "disk"
        self._disk.mkdir()
        self.folder.mkdir()
        self.mounted = self._mount()
        if not self.mounted:
            self.folder.rmdir()
            self._disk.rename(self.folder)
        self.data = self.folder / "data"

    def go(self) -> None:
        """It is unplugged, whoever has files open on it."""
        if self.mounted:
            subprocess.run(["umount", "--lazy", self.folder], check=True)
        else:
            self.folder.rename(self._disk)

    def check_nothing_was_made(self) -> None:
        """Raises AssertionError when something lies in its place."""
        assert not self.data.exists(), f"{self.data} was made anew"

    def come(self) -> None:
        """It is plugged in again."""
        if self.mounted:
            assert self._mount()
        else:
            self._disk.rename(self.folder)

    def close(self) -> None:
        """Give it back."""
        if self.mounted:
            subprocess.run(["umount", "--lazy", self.folder], check=False, capture_output=True)

    def _mount(self) -> bool:
        command = ["mount", "--bind", str(self._disk), str(self.folder)]
        done = subprocess.run(command, check=False, capture_output=True)
        return done.returncode == 0


def differences(data: Path) -> list[str]:
    """Where the host's books are not the journal, and what is still open."""
    config, clock = Config(), SystemClock()
    directory = DataDirectory(data, clock.now)
    host = embedded_host(config, data, tray_books(), clock.now)
    try:
        return unbalanced(directory, host)
    finally:
        host.close()
        directory.close()


def _span(values: Iterator[int]) -> str:
    found = sorted(values)
    return f"{found[0]} to {found[-1]}"
