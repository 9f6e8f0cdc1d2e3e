"""A terminal at an acquirer's line, with an acquirer that was written after the reference."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from firmware.acquirer.cryptogram import IssuerKey, issuer_authentication_data
from firmware.core.config import Acquirer, Config, Host, Preauth, Refund
from firmware.core.masked import SecretKey
from firmware.emv import tlv
from firmware.journal.connection import DATABASE, connect_read_only
from firmware.journal.transactions import Transaction
from firmware.lab.issuers import tray_books
from firmware.lab.scenario.acquirers import AtALine
from firmware.lab.scenario.player import Player
from firmware.lab.scenario.stage import STAGE_CONFIG, Stage
from firmware.terminal.settings import Settings
from firmware.terminal.terminal import Terminal
from hw.ports import Clock
from tests.acquirer.line_acquirer import TMK, Fields, LineAcquirer
from tests.flows.test_other_terminal import SALE
from tests.playing import play

PAID = SALE[:3]
AWAY = (("press", "ENTER"), ("remove",))


def _config(refund: Refund, preauth: Preauth, line: Acquirer) -> Config:
    host = Host(kind="acquirer", address="192.0.2.1", port=1)
    emv = STAGE_CONFIG.emv
    return Config(emv=emv, host=host, refund=refund, preauth=preauth, acquirer=line)


def _issuer_says(asked: Fields) -> str:
    """Tag 91 of the tray's issuer, whose keys its cards were made with."""
    chip = {f"{one.tag:X}": one.value for one in tlv.parse(bytes.fromhex(asked.get(55, "")))}
    account = next((one for one in tray_books() if one.pan.reveal() == asked[2]), None)
    if account is None or "9F26" not in chip:
        return ""
    issuer = IssuerKey(account.imk_ac, account.pan, account.psn, account.cvn, account.arpc_method)
    data = issuer_authentication_data(issuer, chip, "00")
    return f"91{len(data):02X}{data.hex().upper()}"


class Counter:
    """A player at a line, with the acquirer at its end."""

    def __init__(
        self, directory: Path, refund: Refund | None = None, preauth: Preauth | None = None
    ) -> None:
        self.directory, self.line = directory, Acquirer()
        self.acquirer = LineAcquirer()
        self.acquirer.chip = _issuer_says
        self.player = Player(
            directory,
            directory,
            make_stage=lambda _: self._stage(refund or Refund(), preauth or Preauth()),
        )

    def _stage(self, refund: Refund, preauth: Preauth) -> Stage:
        config = _config(refund, preauth, self.line)
        return Stage(self.directory, config, acquirer=self._acquirer)

    def _acquirer(self, config: Config, _directory: Path, clock: Clock) -> AtALine:
        messages = Settings(config, None).messages()
        assert messages is not None
        return AtALine(config, messages, lambda: self.acquirer, clock, SecretKey(TMK))

    def play(self, *lines: str | tuple[str, ...]) -> None:
        play(self.player, *lines)

    @property
    def terminal(self) -> Terminal:
        terminal = self.player.stage.terminal
        assert terminal is not None
        return terminal

    def last(self) -> Transaction:
        found = self.terminal.data.journal.last_transaction()
        assert found is not None
        return found

    @property
    def db(self) -> sqlite3.Connection:
        """The journal's own connection."""
        connection = self.player.stage.disk.connection
        assert connection is not None
        return connection

    def sealed(self) -> int:
        return sealed_rows(self.directory)


def sealed_rows(directory: Path) -> int:
    """How many cards lie sealed in the journal."""
    with closing(connect_read_only(directory / DATABASE)) as db:
        return int(db.execute("SELECT count(*) FROM sealed").fetchone()[0])
