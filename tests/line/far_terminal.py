"""A terminal in a process of its own, on its modelled bench, at an acquirer's real line.

Told by lines of JSON what to do; what people see is told before the next call is made, so that it
outlives the process.
"""

from __future__ import annotations

import json
import ssl
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from firmware.audit.data import reading
from firmware.core.clock import SystemClock
from firmware.core.config import Config
from firmware.core.kinds import USES_A_HOLD
from firmware.core.masked import SecretKey
from firmware.journal.connection import DATABASE
from firmware.journal.transactions import State
from firmware.lab.far_acquirer import FarAcquirer
from firmware.lab.scenario.player import ScenarioFailed
from firmware.lab.scenario.stage import STAGE_CONFIG, START
from tests.crash.mortal import tell, tell_approval
from tests.crash.rig import Rig

OFF = timedelta(minutes=1)  # between two lives
REST_MS, PATIENCE_MS = 60_000, 3 * 3_600_000  # reversals are tried again, ever more rarely
NOTICES = 8  # that somebody has to take note of, at most


def begins(directory: Path) -> datetime:
    """When a life begins: now, and after all that was written."""
    moment = SystemClock().now().astimezone(START.tzinfo)
    if (directory / DATABASE).exists():
        with reading(directory) as journal:
            head, _ = journal.head()
            for last in journal.records(head, head):
                moment = max(moment, last.moment.astimezone(START.tzinfo) + OFF)
    return moment


def config_of(number: str) -> Config:
    """The settings of the terminal with this number."""
    config = replace(STAGE_CONFIG, merchant=replace(STAGE_CONFIG.merchant, terminal=number))
    preauth = replace(config.preauth, other_terminals=True)
    return replace(config, refund=replace(config.refund, other_terminals=True), preauth=preauth)


class FarTerminal:
    """The terminal, and how it stands."""

    def __init__(self, directory: Path, number: str, acquirer: FarAcquirer) -> None:
        self.rig = rig = Rig(
            directory, config_of(number), start=begins(directory), acquirer=acquirer.of_stage
        )
        rig.on_screen = tell_approval
        self._folder = directory
        rig.bench.time.settle(rig.power_on().runner)

    def play(self, lines: list[str]) -> str:
        """What did not hold of the lines; "" when all did."""
        try:
            self.rig.plays(lines, self._folder)
        except ScenarioFailed as failed:
            return str(failed)
        return ""

    def rest(self) -> str:
        """Take note of whatever is shown, wait until nothing is owed; why it never is."""
        terminal = self.rig.terminal
        assert terminal is not None
        time, clock = self.rig.bench.time, self.rig.bench.clock
        if self.rig.bench.slot.card is not None:
            self.play(["remove"])
        for _ in range(NOTICES):
            if self.rig.ready:
                break
            self.play(["press CANCEL", "wait 2m"])
        until_ms = clock.monotonic_ms() + PATIENCE_MS
        while self._owes() and clock.monotonic_ms() < until_ms:
            time.run_until(terminal.runner, clock.monotonic_ms() + REST_MS)
        shown = " ".join(self.rig.display_text.split())
        return "; ".join(self._owes()) or ("" if self.rig.ready else f"it shows {shown}")

    def _owes(self) -> list[str]:
        journal = self.journal
        found = [f"intent {each.stan} is open" for each in journal.open_intents()]
        found += [f"reversal of {each.transaction.stan} is owed" for each in journal.reversals()]
        found += [f"advice of {each.transaction.stan} is owed" for each in journal.advices()]
        return found

    @property
    def journal(self) -> Any:
        terminal = self.rig.terminal
        assert terminal is not None
        return terminal.data.journal

    def told(self) -> dict[str, Any]:
        """The journal's open batch, and every transaction with what became of it."""
        journal = self.journal
        found = []
        for serial in journal.serials():
            for each in journal.list_transactions(None, 1_000, serial=serial):
                approved = each.state is State.APPROVED
                row = (each.batch, each.stan, each.kind.value, each.amount_minor)
                used = each.voided_by, each.completed_by
                told = each.authorisation_code, each.reference, each.date
                held = each.original if each.kind in USES_A_HOLD else None
                code = held.authorisation_code if held and held.elsewhere else ""
                found.append([*row, approved, *used, *told, code])
        pending = journal.pending_settlement() is not None
        return {"batch": journal.batch(), "pending": pending, "all": sorted(found)}


def main(words: list[str]) -> None:
    """Live: `directory number port authority master`, the master key in hex or "" once loaded."""
    directory, number, port, authority, master = words
    key = SecretKey(bytes.fromhex(master)) if master else None
    tls = ssl.create_default_context(cafile=authority)
    terminal = FarTerminal(Path(directory), number, FarAcquirer("127.0.0.1", int(port), key, tls))
    tell("ready")
    for line in sys.stdin:
        word, given = json.loads(line)
        match word:
            case "play":
                tell("end", terminal.play(given))
            case "rest":
                tell("end", terminal.rest())
            case "told":
                tell("end", terminal.told())
    terminal.rig.close()


if __name__ == "__main__":
    main(sys.argv[1:])
