"""A day of two terminals and an acquirer, and what must hold at its end."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from firmware.acquirer.booking import Standing
from firmware.acquirer.books_report import report
from firmware.acquirer.opened import AcquirerPlace
from firmware.acquirer.rules import Rule, as_toml
from firmware.core.kinds import Kind
from firmware.core.masked import SecretKey
from firmware.iso8583 import rounds
from firmware.lab.issuers import tray_books
from tests.acquirer.serving import ROOT, Server, add_terminal, certificate
from tests.line.proxy import Proxy
from tests.playing import refund, sale, void

NUMBERS = ("10000001", "10000002")
ACQUIRER = "acquirer"
VICTIMS = (*NUMBERS, ACQUIRER)
SETTLE = ("press MENU 6", "press ENTER", 'expect screen "对账"', "press ENTER", "wait 1m")


def undo(minor: int, card: str) -> tuple[str, ...]:
    return (*sale(minor, card)[:-3], "press CANCEL", 'expect screen "消费撤销"', "press ENTER",
            "remove", "wait 1m")  # fmt: skip


def refund_elsewhere(sold: tuple[str, str], minor: int, card: str) -> tuple[str, ...]:
    """Of what the other terminal sold, by its reference number and date."""
    reference, day = sold
    return (f"press MENU 3 246810 ENTER {reference} ENTER {day} ENTER",
            'expect screen "非本机交易"', "press ENTER", f"press {minor} ENTER", "press ENTER",
            f"insert {card}", 'expect screen "交易成功" "退货"', "press ENTER", "remove",
            "wait 1m")  # fmt: skip


def hold(minor: int, card: str, pin: str) -> tuple[str, ...]:
    return ("press MENU 9 1", f"press {minor} ENTER", "press ENTER", f"insert {card}",
            f"press {pin} ENTER", 'expect screen "交易成功" "预授权"', "press ENTER", "remove",
            "wait 1m")  # fmt: skip


def complete(code: str, minor: int, card: str, pin: str) -> tuple[str, ...]:
    return (f"press MENU 9 2 {code} ENTER ENTER", "press ENTER", f"press {minor} ENTER",
            "press ENTER", f"insert {card}", f"press {pin} ENTER",
            'expect screen "交易成功" "预授完成"', "press ENTER", "remove", "wait 1m")  # fmt: skip


def complete_elsewhere(held: tuple[str, str], minor: int, card: str, pin: str) -> tuple[str, ...]:
    """Of what the other terminal holds, by its authorisation code and date."""
    code, day = held
    return (f"press MENU 9 2 {code} ENTER {day} ENTER", 'expect screen "非本机预授权"',
            "press ENTER", f"press {minor} ENTER", "press ENTER", f"insert {card}",
            f"press {pin} ENTER", 'expect screen "交易成功" "预授完成"', "press ENTER", "remove",
            "wait 1m")  # fmt: skip


def release(code: str, card: str, pin: str) -> tuple[str, ...]:
    return (f"press MENU 9 3 246810 ENTER {code} ENTER ENTER", "press ENTER", f"insert {card}",
            f"press {pin} ENTER", 'expect screen "交易成功" "预授撤销"', "press ENTER", "remove",
            "wait 1m")  # fmt: skip


def give_back(voucher: int, card: str, pin: str) -> tuple[str, ...]:
    return (f"press MENU 9 4 246810 ENTER {voucher:06d} ENTER", "press ENTER", f"insert {card}",
            f"press {pin} ENTER", 'expect screen "交易成功" "完成撤销"', "press ENTER", "remove",
            "wait 1m")  # fmt: skip


DEBIT, CREDIT, OFFLINE, PIN = "unionpay-debit", "visa-credit", "offline-ok", "123456"


class Last(NamedTuple):
    """What can be undone or completed at a terminal; 0 or six zeros where nothing can."""

    now: int = 0  # voucher of the last sale of this batch
    then: int = 0  # and of earlier ones
    code: str = "000000"  # authorisation code of the last hold
    paid: int = 0  # voucher of the last completion of this batch
    sold: tuple[str, str] = ("0" * 12, "20260101")  # reference and date of the other's last sale
    held: tuple[str, str] = ("0" * 6, "20260101")  # code and date of the other's last hold


Lines = Callable[[Last], tuple[str, ...]]
STORY: tuple[tuple[int, Lines], ...] = (
    (0, lambda _: sale(12_850, DEBIT, PIN)),
    (1, lambda _: sale(3_000, CREDIT)),
    (0, lambda last: void(last.now, DEBIT, PIN)),
    (1, lambda _: undo(9_900, CREDIT)),
    (0, lambda _: sale(2_500, OFFLINE)),
    (1, lambda _: sale(7_700, CREDIT)),
    (0, lambda _: sale(4_100, DEBIT, PIN)),
    (0, lambda _: hold(10_000, DEBIT, PIN)),
    (1, lambda _: hold(5_000, DEBIT, PIN)),
    (0, lambda _: SETTLE),
    (1, lambda _: SETTLE),  # does not balance, by a rule
    (0, lambda last: complete(last.code, 11_000, DEBIT, PIN)),
    (1, lambda last: release(last.code, DEBIT, PIN)),
    (0, lambda last: give_back(last.paid, DEBIT, PIN)),
    (0, lambda last: complete(last.code, 8_000, DEBIT, PIN)),
    (0, lambda last: refund(last.then, 1_000, DEBIT)),
    (1, lambda last: refund(last.then, 600, CREDIT)),
    (1, lambda last: refund_elsewhere(last.sold, 700, DEBIT)),
    (0, lambda _: hold(6_000, DEBIT, PIN)),
    (1, lambda last: complete_elsewhere(last.held, 6_600, DEBIT, PIN)),
    (0, lambda _: sale(5_000, DEBIT, PIN)),
    (1, lambda _: sale(1_200, CREDIT)),
    (0, lambda _: SETTLE),
    (1, lambda _: SETTLE),
)
_UNBALANCED = Rule(does="unbalanced", type="0500", terminal=NUMBERS[1])


class Terminal:
    """A terminal's process: killed, it is started again on what lies on its disk."""

    def __init__(self, folder: Path, number: str, port: int, authority: Path) -> None:
        self.folder, self.number = folder, number
        self._words = (str(port), str(authority))
        self.shown: set[tuple[str, int, int]] = set()
        self.master: SecretKey | None = None
        self.deaths = 0

    def start(self) -> None:
        master = self.master.reveal().hex() if self.master else ""
        words = [str(self.folder), self.number, *self._words, master]
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "tests.line.far_terminal", *words],
            cwd=ROOT, env=dict(os.environ, PYTHONPATH=str(ROOT)),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.master = None  # it is loaded now
        self._heard()

    def ask(self, word: str, *given: object) -> Any:
        """What it says; None when it died of it, and then it is on again."""
        with contextlib.suppress(BrokenPipeError):
            assert self.process.stdin is not None
            self.process.stdin.write(json.dumps([word, *(given or (None,))]) + "\n")
            self.process.stdin.flush()
        return self._heard()

    def kill(self) -> None:
        os.kill(self.process.pid, signal.SIGKILL)

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()

    def _heard(self) -> Any:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            word, told = json.loads(line)
            if word == "shown":
                kind, voucher, minor = told
                self.shown.add((kind, int(voucher), minor))
            else:
                return told[0] if told else ""
        self.end()
        assert self.process.returncode == -signal.SIGKILL, "it ended by itself"
        self.deaths += 1
        self.start()
        return None


@dataclass
class Kill:
    """At which moment which process dies; `at` 0 is never. `moments` are told of as they come."""

    at: int = 0
    victim: str = ""
    moments: list[str] = field(default_factory=list)


def prepared(folder: Path) -> None:
    """Disks of both terminals and the acquirer as a day begins, to be copied for each."""
    folder.mkdir()
    certificate(folder)
    keys = {number: add_terminal(folder / ACQUIRER, number=number) for number in NUMBERS}
    registry, close = AcquirerPlace(folder / ACQUIRER).registry()
    for account in tray_books():
        registry.put_account(account)
    close()
    for number, key in keys.items():
        (folder / f"{number}.key").write_text(key.reveal().hex())


def _is_sale(row: list[Any]) -> bool:
    """Whether it is a sale that stands."""
    return row[2] == "sale" and row[4] and not row[5]


def _is_hold(row: list[Any]) -> bool:
    """Whether it is a pre-authorisation that its own terminal has not used."""
    return row[2] == "preauth" and row[4] and not any(row[5:7])


class Day:
    """Lives it once on a copy of what was prepared, with a kill or none, and rules or none."""

    def __init__(
        self, prepared_folder: Path, folder: Path, kill: Kill, rules: Sequence[Rule] = ()
    ) -> None:
        shutil.copytree(prepared_folder, folder)
        (folder / ACQUIRER / "rules.toml").write_text(as_toml([*rules, _UNBALANCED]))
        self._kill = kill
        self._lock = threading.Lock()
        chain, secret = folder / "acquirer.pem", folder / "acquirer.key"
        words = ("--tls-cert", chain, "--tls-key", secret)
        self.acquirer = Server(folder / ACQUIRER, *words)
        self.terminals: list[Terminal] = []
        self._proxies = [Proxy(lambda: self.acquirer.port, self._note) for _ in NUMBERS]
        for number, proxy in zip(NUMBERS, self._proxies, strict=True):
            terminal = Terminal(folder / number, number, proxy.port, chain)
            terminal.master = SecretKey(bytes.fromhex((folder / f"{number}.key").read_text()))
            self.terminals.append(terminal)

    def live(self) -> list[str]:
        """From the first sale to rest; every promise that is broken, in words."""
        for terminal in self.terminals:
            terminal.start()
        for who, lines_of in STORY:
            terminal = self.terminals[who]
            if terminal.ask("play", lines_of(self._last(terminal))) != "":
                self._come_to_rest(terminal)
        return self._at_rest()

    def close(self) -> None:
        for proxy in self._proxies:
            proxy.close()
        for terminal in self.terminals:
            terminal.end()
        self.acquirer.kill()

    def _note(self, moment: str) -> None:
        with self._lock:
            self._kill.moments.append(moment)
            if len(self._kill.moments) != self._kill.at:
                return
            if self._kill.victim == ACQUIRER:
                self.acquirer.kill()
                self.acquirer.start()
            else:
                self.terminals[NUMBERS.index(self._kill.victim)].kill()

    def _come_to_rest(self, terminal: Terminal) -> str:
        """Go on until nothing is owed and no settlement waits; what stands against it."""
        with self._lock:  # an acquirer that is being started again
            pass
        said = None
        while said is None:
            said = terminal.ask("rest")
        if not said and self._told(terminal)["pending"]:
            terminal.ask("play", ("press MENU 6", "wait 1m"))
            said = None
            while said is None:
                said = terminal.ask("rest")
        return str(said)

    def _last(self, terminal: Terminal) -> Last:
        told = self._told(terminal)
        (other,) = (each for each in self.terminals if each is not terminal)
        theirs = self._told(other)["all"]
        sold = [tuple(row[8:10]) for row in theirs if _is_sale(row)]
        held = [(row[7], row[9]) for row in theirs if _is_hold(row)]
        last = Last()
        last = last._replace(sold=sold[-1]) if sold else last
        last = last._replace(held=held[-1]) if held else last
        for row in told["all"]:
            batch, stan, kind, _minor, approved, voided_by, completed_by, code, *_ = row
            ours = batch == told["batch"]
            if not approved or voided_by or completed_by:
                continue
            if kind == "sale":
                last = last._replace(now=stan) if ours else last._replace(then=stan)
            elif kind == "preauth":
                last = last._replace(code=code)
            elif kind == "completion" and ours:
                last = last._replace(paid=stan)
        return last

    def _told(self, terminal: Terminal) -> Any:
        told = None
        while told is None:
            told = terminal.ask("told")
        return told

    def _at_rest(self) -> list[str]:
        found = [
            f"{terminal.number}: {said}"
            for terminal in self.terminals
            if (said := self._come_to_rest(terminal))
        ]
        books, registry, close = AcquirerPlace(self.acquirer.data).to_read()
        standing = {
            (each.terminal, rounds.number_of(each.batch), each.stan, each.kind.value,
             each.amount.minor)
            for each in books.entries()
            if each.state is Standing.STANDING
        }  # fmt: skip
        funds = books.all_funds().values()
        spent = sum(each.spent_minor for each in funds)
        held = sum(each.held_minor for each in funds)
        batches = report(books, registry).batches
        close()
        ours = set()
        rows = [row for terminal in self.terminals for row in self._told(terminal)["all"]]
        elsewhere = {row[10] for row in rows if row[4] and not row[5]}  # codes of what they used
        held -= sum(row[3] for row in rows if _is_hold(row) and row[7] not in elsewhere)
        for terminal in self.terminals:
            told = self._told(terminal)
            approved = {tuple(row[:4]) for row in told["all"] if row[4]}
            ours |= {(terminal.number, *row) for row in approved}
            for kind, voucher, minor in terminal.shown:
                if (voucher, kind, minor) not in {row[1:] for row in approved}:
                    found.append(f"{terminal.number}: {kind} {voucher} was shown approved")
            if told["pending"]:
                found.append(f"{terminal.number}: a settlement is not through")
        found += [f"only in a journal: {row}" for row in sorted(ours - standing)]
        found += [f"only in the books: {row}" for row in sorted(standing - ours)]
        if spent != sum(Kind(row[3]).sign * row[4] for row in ours):
            found.append(f"accounts have spent {spent}")
        if held:
            found.append(f"accounts hold {held} more than the journals")
        for batch in batches:
            seen = batch.upload
            if seen is not None and (seen.unknown or seen.missing or seen.said != seen.count):
                found.append(f"the upload is not what is booked: {seen}")
            if batch.chip is not None and batch.chip.refused:
                found.append(f"chip data are not what is booked: {batch.chip.refused}")
        self.uploads = [batch.upload for batch in batches if batch.upload is not None]
        self.chips = [batch.chip for batch in batches if batch.chip is not None]
        return found
