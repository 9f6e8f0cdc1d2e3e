"""Look-ups of the terminal's state: batches, the next numbers, and who works at it."""

from __future__ import annotations

import msgspec

from firmware.core.payment import STAN_MAX
from firmware.journal.faults import JournalFault, Trouble
from firmware.journal.rows import Reading

DAY_DIGITS = 8  # YYYYMMDD


class Numbers(msgspec.Struct, frozen=True):
    """The numbers that the next transaction takes."""

    batch: int
    stan: int
    used_up: bool = False  # the open batch has given out every voucher number there is


class OperatorRow(msgspec.Struct, frozen=True):
    """What `firmware.journal.operators` keeps of an operator."""

    number: str
    password: str  # the hash of it
    must_change: int
    failures: int
    checking: str | None  # the purpose of a password that is being checked
    locked_until_s: int


class NumberLookups(Reading):
    """The numbers of the next transaction and the next paper, and the terminal's state."""

    def batch(self) -> int:
        """The open batch; the first one is 1."""
        return self._number("SELECT batch FROM terminal")

    def serials(self) -> range:
        """Every batch there was, oldest first, by its place among them: numbers begin anew."""
        return range(1, self._number("SELECT serial FROM terminal") + 1)

    def serial_of(self, batch: int) -> int:
        """The latest batch of this number by its place among all; 0 when there is none."""
        sql = "SELECT serial FROM batches WHERE batch = ? ORDER BY serial DESC LIMIT 1"
        return next(iter(self._numbers(sql, (batch,))), 0)

    def next_stan(self, *, training: bool = False) -> int:
        """The voucher number the next transaction takes: 1 to 999,999, then 1 again."""
        column = "next_training_stan" if training else "next_stan"
        return self._number(f"SELECT {column} FROM terminal")  # noqa: S608 - one of two above

    def numbers_used_up(self, *, training: bool = False) -> bool:
        """Whether the next voucher number is used in the open batch: all are given out then."""
        rows = self._all(
            "SELECT 1 FROM terminal b JOIN transactions t ON t.stan = ? AND t.batch = b.batch"
            " AND t.training = +? AND t.serial = b.serial",
            (self.next_stan(training=training), training),
        )
        return bool(rows)

    def next_numbers(self, *, training: bool = False) -> Numbers:
        """The batch and voucher number that the next transaction takes."""
        used_up = self.numbers_used_up(training=training)
        return Numbers(self.batch(), self.next_stan(training=training), used_up)

    def count(self, batch: int) -> int:
        """How many numbers of a batch are used, however the transactions ended."""
        sql = "SELECT intents FROM batches WHERE serial = ?"
        return next(iter(self._numbers(sql, (self.serial_of(batch),))), 0)

    def numbers_used(self) -> int:
        """How many voucher numbers of the open batch are used; all, if the next one is used."""
        return STAN_MAX if self.numbers_used_up() else self.count(self.batch())

    def next_job(self) -> int:
        """The number the next print job takes."""
        return self._number("SELECT next_job FROM terminal")

    def trading_day(self) -> str:
        """YYYYMMDD of the latest transaction since the clock was last confirmed, or ""."""
        day = str(self._one("SELECT day FROM terminal")["day"])
        if day and not (len(day) == DAY_DIGITS and day.isdecimal()):
            raise JournalFault(Trouble.CORRUPT, f"{day!r} is no day")
        return day

    # -- people -------------------------------------------------------------------------------

    def training(self) -> bool:
        """Whether training mode was left on."""
        return bool(self._number("SELECT training FROM terminal"))

    def signed_on(self) -> str:
        """The operator who is signed on, or ""."""
        return str(self._one("SELECT signed_on FROM terminal")["signed_on"])

    def staff(self) -> dict[str, str]:
        """Operators by number, each with the SHA-256 of the password hash that the log names."""
        return {row["number"]: row["password_digest"] for row in self._all("SELECT * FROM staff")}

    def operator_row(self, number: str) -> OperatorRow | None:
        """What is kept of an operator, or None."""
        found = self._values(
            lambda row: msgspec.convert(dict(row), OperatorRow),
            "SELECT * FROM operators WHERE number = ?",
            (number,),
        )
        return found[0] if found else None
