"""What tests have a terminal play: lines of the scenario language, and stories from files."""

from __future__ import annotations

from pathlib import Path

from firmware.core.clock import SystemClock
from firmware.core.masked import Password
from firmware.journal.records import OperatorSignedOn
from firmware.lab.scenario.language import Step, parse, read
from firmware.lab.scenario.player import Player
from firmware.terminal.data_directory import DataDirectory

SCENARIOS = Path(__file__).parent / "scenarios"
APPROVED = 'expect screen "交易成功"'
AWAY = ("press ENTER", "remove", "wait 1m")


def sale(minor: int, card: str, pin: str = "") -> tuple[str, ...]:
    """A sale that is approved, by a PIN if the card wants one."""
    keyed = (f"press {pin} ENTER",) if pin else ()
    return (f"press {minor} ENTER", "press ENTER", f"insert {card}", *keyed, APPROVED, *AWAY)


def void(voucher: int, card: str, pin: str) -> tuple[str, ...]:
    keyed = (f"press MENU 2 246810 ENTER {voucher:06d} ENTER", "press ENTER")
    return (*keyed, f"insert {card}", f"press {pin} ENTER", f'{APPROVED} "消费撤销"', *AWAY)


def refund(voucher: int, minor: int, card: str) -> tuple[str, ...]:
    keyed = (f"press MENU 3 246810 ENTER {voucher:06d} ENTER ENTER", "press ENTER")
    agreed = (f"press {minor} ENTER", "press ENTER")
    return (*keyed, *agreed, f"insert {card}", f'{APPROVED} "退货"', *AWAY)


def provision(data: Path) -> None:
    """Passwords of their own for the people, and a cashier signed on."""
    directory = DataDirectory(data, SystemClock().now)
    for number, password in (("00", "246810"), ("01", "1357")):
        directory.operators.set_password(number, Password(password), by=number)
    directory.journal.append(OperatorSignedOn(operator="01"))
    directory.close()


def play(player: Player, *lines: str | tuple[str, ...]) -> None:
    """Play lines of the scenario language, also such as stand word by word."""
    for line in lines:
        steps = parse(line, "here") if isinstance(line, str) else [Step(line[0], line[1:], "here")]
        for step in steps:
            player.play(step)


def played(directory: Path, *stories: str, without: tuple[str, ...] = ()) -> Path:
    """The data directory after these scenarios, but for the steps of some verbs."""
    player = Player(directory, SCENARIOS)
    try:
        for story in stories:
            for step in read(SCENARIOS / f"{story}.pos"):
                if step.verb not in without:
                    player.play(step)
    finally:
        player.close()
    return directory
