"""The power goes at every moment of a day: what the disk may hold, and what is read from it."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path

from firmware.journal.connection import DATABASE, LOCK
from firmware.journal.faults import JournalFault
from firmware.journal.keys import TerminalKeys
from firmware.journal.records import KeyIntroduced, OutcomeRecorded, SettlementCompleted
from firmware.journal.store import Journal
from firmware.journal.verify import verify_journal
from tests.crash.day import Counter, Promise, broken, trade
from tests.crash.disk import Disk, Files
from tests.crash.recorder import Mark, Op, Recorder
from tests.journal.story import KEYS, Clock, Shop, confirmed, opened


@dataclass(frozen=True, slots=True)
class Begun:
    """The first start has ended: the journal is there for good."""


@dataclass
class Tally:
    """How the replayed disks were found."""

    points: int = 0
    states: int = 0
    distinct: int = 0
    lost: list[str] = field(default_factory=list)
    half: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    started: int = 0  # terminals, on as many of the disks
    unrecovered: list[str] = field(default_factory=list)

    @property
    def bad(self) -> int:
        return sum(map(len, (self.lost, self.half, self.unreadable, self.unrecovered)))

    def __str__(self) -> str:
        found = (
            f"{self.states} disk states ({self.distinct} distinct) at {self.points} points: "
            f"{len(self.lost)} lost, {len(self.half)} half done, {len(self.unreadable)} unreadable"
        )
        if not self.started:
            return found
        return f"{found}; {self.started} terminals started, {len(self.unrecovered)} not recovered"


Start = Callable[[Path, list[object]], list[str]]
"""Starts a terminal on a copy of disks, knowing all that was marked; what is wrong, in words."""


def record_day(
    directory: Path,
    rounds: int,
    *,
    lies: dict[str, tuple[str, object]] | None = None,
    naive: bool = False,
) -> list[Op]:
    """Everything that a day of trade did to the disk, with its promises marked."""
    recorder = Recorder(lies=lies or {})
    shop = Shop.open(directory, storage=recorder)
    recorder.mark(Begun())
    trade(Counter(shop, recorder.mark, naive), rounds)
    ops = list(recorder.ops)  # closing is not part of it: the power is cut
    shop.journal.close()
    return ops


def replay(
    ops: list[Op],
    directory: Path,
    *,
    samples: int,
    every: int = 1,
    thorough_every: int = 1,
    keys: TerminalKeys = KEYS,
    start: Start | None = None,
    start_every: int = 1,
) -> Tally:
    """Cut the power after each (or each `every`-th) operation and look at what is left.

    `samples` random disks are drawn at each point beside the regular ones; each
    `thorough_every`-th disk is verified whole and traded on. On each `start_every`-th of those
    after the first start, a terminal is started too.
    """
    chance = random.Random(20260302)
    disk, tally = Disk(), Tally()
    promises: list[Promise] = []
    told: list[object] = []
    begun, seen = False, set[bytes]()
    directory.mkdir(exist_ok=True)
    for number, op in enumerate(ops):
        disk.take(op)
        if isinstance(op, Mark):
            begun = begun or isinstance(op.told, Begun)
            told.append(op.told)
            if isinstance(op.told, Promise):
                promises.append(op.told)
            continue
        if number % every:
            continue
        tally.points += 1
        for files in disk.states(chance, samples):
            tally.states += 1
            digest = _digest(files) + len(promises).to_bytes(4, "big")
            if digest in seen:
                continue
            seen.add(digest)
            tally.distinct += 1
            _lay_out(directory, files, begun=begun)
            thorough = tally.distinct % thorough_every == 0
            where = f"after operation {number}"
            if start and begun and thorough and tally.distinct // thorough_every % start_every == 0:
                tally.started += 1
                tally.unrecovered += [f"{where}: {words}" for words in start(directory, told)]
            Look(directory, promises, tally, where, keys).at(thorough=thorough)
    return tally


def _digest(files: Files) -> bytes:
    state = blake2b(digest_size=16)
    for name in sorted(files):
        state.update(name.encode() + b"\0" + files[name])
    return state.digest()


def _lay_out(directory: Path, files: Files, *, begun: bool) -> None:
    for old in directory.iterdir():
        old.unlink()
    for name, content in files.items():
        (directory / name).write_bytes(content)
    (directory / LOCK).write_bytes(b"begun\n" if begun else b"")


@dataclass(frozen=True, slots=True)
class Look:
    """A start from a disk: it must be readable, whole, and hold every promise."""

    directory: Path
    promises: list[Promise]
    tally: Tally
    where: str
    keys: TerminalKeys

    def at(self, *, thorough: bool) -> None:
        """Look, and tell the tally what is wrong."""
        try:
            shop = Shop.open(self.directory, clock=Clock(), keys=self.keys)
        except (JournalFault, sqlite3.Error) as error:
            self.tally.unreadable.append(f"{self.where}: {error}")
            return
        try:
            self._compare(shop.journal, thorough=thorough)
            if thorough:
                self._trade_on(shop)
        except JournalFault as fault:
            self.tally.unreadable.append(f"{self.where}: {fault}")
        finally:
            shop.journal.close()

    def _compare(self, journal: Journal, *, thorough: bool) -> None:
        recent = self.promises if thorough else self.promises[-12:]
        gone = [promise for promise in recent if broken(journal, promise)]
        if gone:
            self.tally.lost.append(f"{self.where}: {gone[0]}")
        alone = half_done(journal)
        if alone:
            self.tally.half.append(f"{self.where}: {alone}")

    def _trade_on(self, shop: Shop) -> None:
        trade_on(shop)
        faults = verify_journal(self.directory / DATABASE, self.keys.public_key).faults
        if faults:
            self.tally.half.append(f"{self.where}: {faults[0]}")


def trade_on(shop: Shop) -> None:
    """Recover as at every start, end a settlement that was begun, and sell."""
    journal = shop.journal
    for intent in journal.open_intents():
        journal.append(opened(intent))
    for reversal in journal.reversals():
        journal.append(confirmed(reversal.transaction))
    started = journal.pending_settlement()
    if started is not None:
        shop.complete(started)
    sale = shop.sale()
    shop.void(sale)


def half_done(journal: Journal) -> str:
    """What stands alone at the end of the log although it was written with another, or ""."""
    head = list(journal.records(journal.head()[0]))
    last = head[-1].record
    alone = isinstance(last, (KeyIntroduced, OutcomeRecorded, SettlementCompleted))
    return f"{type(last).__name__} without what belongs to it" if alone else ""
