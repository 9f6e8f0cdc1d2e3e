"""An acquirer of a line in this process, as `pos acquirer serve` has it, for scenarios."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import msgspec
from msgspec.structs import replace

from firmware.acquirer.chip_uploads import CHIP, CHIP_REFUSED, ChipKept
from firmware.acquirer.counts import Counts
from firmware.acquirer.line_matters import UPLOADED
from firmware.acquirer.named_books import BookEntry, NamedBooks
from firmware.acquirer.opened import AcquirerPlace
from firmware.acquirer.registry import TerminalRecord
from firmware.acquirer.rules import RequestSeen, Rule, RuleBook
from firmware.acquirer.switch import Switch
from firmware.core.config import Config
from firmware.core.masked import SecretKey
from firmware.iso8583.messages import Answered, FinancialRequest
from firmware.iso8583.unionpay import UnionPay
from firmware.lab.issuers import tray_books
from firmware.lab.scenario.other_terminal import NUMBER

TMK = SecretKey(bytes.fromhex("70F2A84CCBC2AE8625CBB0F2C22AB923"))
PAYMENTS = ("0200", "0220")
WELL, UNBALANCED = "well", "unbalanced"


class SwitchLink:
    """A HostLink of whole frames to an acquirer whose books lie in `directory`.

    It knows the terminal of `config`, the merchant's other one, and the accounts behind the tray.
    `say` makes it answer otherwise than it would.
    """

    undelivered = False

    def __init__(
        self,
        directory: Path,
        config: Config,
        line: UnionPay,
        clock_now: Callable[[], datetime],
    ) -> None:
        place, accounts = AcquirerPlace(directory), tray_books()
        registry, close = place.registry()
        merchant = config.merchant
        record = TerminalRecord(
            number=merchant.terminal,
            merchant=merchant.number,
            currency=config.currency.numeric,
            tmk=TMK,
        )
        if registry.terminal(merchant.terminal) is None:
            registry.put_terminal(record)
            registry.put_terminal(replace(record, number=NUMBER))
            for account in accounts:
                registry.put_account(account)
        close()
        self._named = NamedBooks(
            {each.pan.keyed_hash(registry.hash_key): each for each in accounts}
        )
        self._rules = _Rules()
        self._pool = place.pool(clock_now)
        self._switch = Switch(
            line, self._pool, self._rules, Counts(), clock_now=clock_now, monotonic_us=lambda: 0
        )

    def exchange(self, message: bytes, timeout_ms: int) -> bytes | None:
        """One frame and its answer; None when nothing comes back."""
        del timeout_ms  # it answers at once or never
        frames = self._switch.answer(message).frames
        return frames[0] if frames else None

    def take(self, request: FinancialRequest) -> Answered | None:
        """The answer to what another terminal of the same merchant asks, by a line of its own."""
        with self._pool.taken() as connection:
            connection.terminals.look_up(request.payment.terminal)
            return connection.service.take(connection.books, request)

    def say(self, word: str) -> None:
        """Answer payments with a response code, settlements with `unbalanced`, or all `well`."""
        if word == WELL:
            self._rules.rules = ()
        elif word == UNBALANCED:
            self._rules.rules = (Rule(does="unbalanced", type="0500"),)
        else:
            self._rules.rules = tuple(Rule(does="code", code=word, type=one) for one in PAYMENTS)

    # -- its books, to be compared with a journal ---------------------------------------------

    def names_by_hash(self, key: SecretKey) -> dict[str, str]:
        """The accounts' names by the hash that their PAN has under a terminal's key."""
        return self._named.names_by_hash(key)

    def books(self) -> list[BookEntry]:
        """Every payment that came in and what became of it."""
        with self._pool.taken() as connection:
            return self._named.entries(connection.books)

    def balances(self) -> dict[str, int]:
        """What each account by name has spent, in minor units."""
        with self._pool.taken() as connection:
            return self._named.balances(connection.books)

    def holds(self) -> dict[str, int]:
        """What pre-authorisations hold on each account by name, where they hold something."""
        with self._pool.taken() as connection:
            return self._named.holds(connection.books)

    def uploads(self) -> dict[str, int]:
        """What batch uploads have brought in all: details, chip data, those failed, and refused."""
        with self._pool.taken() as connection:
            noted = connection.registry.noted
            chips = [msgspec.json.decode(value, type=ChipKept) for value in noted(CHIP).values()]
            return {
                "details": len(noted(UPLOADED)),
                "chip": len(chips),
                "failed": sum(one.failed for one in chips),
                "refused": len(noted(CHIP_REFUSED)),
            }

    def close(self) -> None:
        """The terminal hangs up."""

    def end(self) -> None:
        """Close the books."""
        self._pool.close()


class _Rules(RuleBook):
    """Rules that are set and not read from a file."""

    def __init__(self) -> None:
        super().__init__(None)
        self.rules: tuple[Rule, ...] = ()

    def rule_for(self, asked: RequestSeen) -> Rule | None:
        return next((rule for rule in self.rules if rule.fits(asked)), None)
