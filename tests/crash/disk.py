"""What a disk may hold when the power goes: synced bytes for sure, the rest by chance.

A write is durable once its file was synced after it. Until then each of its 512-byte sectors may
have reached the disk or not, in any order. A deletion is durable with the next sync of any file.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tests.crash.recorder import Delete, Dropped, Mark, Op, Sync, Truncate, Write

SECTOR = 512
Files = dict[str, bytes]


@dataclass
class Disk:
    """Files as they certainly are, and what was asked since."""

    durable: dict[str, bytearray] = field(default_factory=dict)
    pending: list[Write | Truncate | Delete] = field(default_factory=list)

    def take(self, op: Op) -> None:
        """The next thing SQLite did."""
        match op:
            case Write() | Truncate():
                self.pending.append(op)
            case Delete():
                self.pending.append(op)
                if op.synced:
                    self._settle(op.name)
            case Sync():
                self._settle(op.name)
            case Dropped():
                self.pending = [each for each in self.pending if each.name != op.name]
            case Mark():
                pass

    def _settle(self, name: str) -> None:
        """What waits for `name` is durable now, and every deletion too."""
        waiting, self.pending = self.pending, []
        for op in waiting:
            if op.name == name or isinstance(op, Delete):
                apply(self.durable, op)
            else:
                self.pending.append(op)

    def states(self, chance: random.Random, samples: int) -> Iterator[Files]:
        """What may be left: nothing pending, all of it, torn at the end, and by chance."""
        yield self._with([])
        if not self.pending:
            return
        yield self._with(self.pending)
        last = self.pending[-1]
        if isinstance(last, Write) and len(last.data) > SECTOR:
            cut = chance.randrange(SECTOR, len(last.data), SECTOR)
            yield self._with([*self.pending[:-1], Write(last.name, last.offset, last.data[:cut])])
        for _ in range(samples):
            share = chance.choice((0.1, 0.5, 0.9))
            yield self._with([o for op in self.pending for o in _torn(op, chance, share)])

    def _with(self, ops: Sequence[Write | Truncate | Delete]) -> Files:
        files = dict(self.durable)
        for name in {op.name for op in ops} & files.keys():
            files[name] = bytearray(files[name])
        for op in ops:
            apply(files, op)
        return {name: bytes(content) for name, content in files.items()}


def apply(files: dict[str, bytearray], op: Write | Truncate | Delete) -> None:
    """Do to files what was asked."""
    if isinstance(op, Delete):
        files.pop(op.name, None)
        return
    content = files.setdefault(op.name, bytearray())
    if isinstance(op, Truncate):
        del content[op.size :]
    else:
        end = op.offset + len(op.data)
        content.extend(bytes(max(0, end - len(content))))
        content[op.offset : end] = op.data


def _torn(
    op: Write | Truncate | Delete, chance: random.Random, share: float
) -> Iterator[Write | Truncate | Delete]:
    """Those sectors of an operation that chance let through."""
    if not isinstance(op, Write):
        if chance.random() < share:
            yield op
        return
    at = 0
    while at < len(op.data):
        end = min(len(op.data), at + SECTOR - (op.offset + at) % SECTOR)
        if chance.random() < share:
            yield Write(op.name, op.offset + at, op.data[at:end])
        at = end
