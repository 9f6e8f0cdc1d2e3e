"""A shop: how its terminal is set, who works there, and who knows which password."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from firmware.lab.scenario.stage import CASHIER, CASHIER_PASSWORD, SUPERVISOR, SUPERVISOR_PASSWORD
from firmware.ui import screens
from firmware.ui.texts import Text

FACTORY = {SUPERVISOR: "123456"}
CHOICES = {SUPERVISOR: ("246810", "135790"), "": ("1357", "2580", "9042", "0000")}
SETTINGS = (
    "void.pin true",
    "refund.pin true",
    "general.language en",
    "general.idle_timeout_s 20",
    "check.min_view_ms 1500",
    "printer.qr false",
    "printer.width_mm 80",
    "printer.mode mixed",
    "printer.model TM-T88IV",
    "display.chip sh1106",
    "sale.double_check_over 20000",
    "sale.unusual_min_history 2",
    "sale.duplicate_window_s 0",
    "sale.always_online true",
    "sale.undo_s 0",
    "sale.day_limit 100000",
    "sale.card_day_limit 60000",
    "refund.window_days 1",
    "refund.supervisor_limit 9000",
    "refund.cashier_limit 4000",
    "refund.day_limit 9000",
    "host.test_amounts true",
    "host.reversal_fault_after 1",
    "batch.warn_at 3",
    "batch.warn_at 3; batch.full_at 6",
)
SETTING_P = 0.12


def settings_of(chance: Random) -> list[str]:
    """A few settings that differ from one merchant to the next."""
    chosen = [words for words in SETTINGS if chance.random() < SETTING_P]
    return [f"set {each}" for words in chosen for each in words.split("; ")]


@dataclass
class Staff:
    """Who works there, and the passwords that they know, as far as the display has told."""

    passwords: dict[str, str] = field(
        default_factory=lambda: {SUPERVISOR: SUPERVISOR_PASSWORD, CASHIER: CASHIER_PASSWORD}
    )
    who: str = CASHIER  # whose number was keyed last
    _chosen: str = ""

    def password(self, who: str = "") -> str:
        """What somebody believes to be the password of `who`, or of whoever is asked for one."""
        who = who or self.who
        return self.passwords.get(who) or FACTORY.get(who, "0000")

    def choose(self, chance: Random) -> str:
        """A new password, now and then one that is too simple."""
        self._chosen = chance.choice(CHOICES.get(self.who, CHOICES[""]))
        return self._chosen

    def choose_again(self) -> str:
        """The same once more."""
        return self._chosen

    def see(self, screen: object) -> None:
        """What the display tells of passwords."""
        match screen:
            case screens.Idle(operator=operator):
                self.who = operator
            case screens.Notice(title=title, body=body):
                self._hear(title.text, [line.text for line in body])

    def _hear(self, title: object, body: list[object]) -> None:
        if Text.PASSWORD_CHANGED in body:
            self.passwords[self.who] = self._chosen
        elif Text.OPERATOR_DONE in body and title is Text.OPERATOR_DELETE:
            self.passwords.pop(self.who, None)
        elif Text.OPERATOR_DONE in body:  # added or reset
            self.passwords[self.who] = FACTORY.get(self.who, "0000")
