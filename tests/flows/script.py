"""Drives a flow by a script: what it must ask for, in order, and what it is answered.

A script is a row of (expected effect, answer). `TheChip` stands for as many APDUs as the kernel has
to exchange with the modelled card, and for the random numbers that it needs for them.
"""

from __future__ import annotations

from collections.abc import Coroutine, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from firmware.core.config import Config
from firmware.core.masked import SecretKey
from firmware.emv.ca_keys import CaKeys
from firmware.emv.contact.dialogue import CardFailure
from firmware.emv.setup import EmvSetup
from firmware.flows.desk import Desk
from firmware.flows.effects import Exchange
from firmware.payments.effects import DrawRandom, Effect
from firmware.terminal.emv_setup import emv_setup
from firmware.ui.texts import Language
from hw.sim.cards import TEST_CA_KEYS, Card
from hw.sim.cards.faults import CardPulled
from hw.t0 import exchange

Pair = tuple[Effect[Any], Any]
Flow = Coroutine[Effect[Any], Any, Any]

CONFIG = Config()
CARD_KEY = SecretKey(b"k" * 32)


class Anything:
    """Equal to whatever it is held against: what the kernel's own tests look after."""

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return "…"


ANYTHING: Any = Anything()


@dataclass
class TheChip:
    """The kernel talks to a modelled card until it wants something else."""

    card: Card
    pulled_at: int = 0  # counted in commands from here on; 0 is never

    def answer(self, effect: Effect[Any]) -> object:
        """The card's answer to one effect, or what chance gives."""
        if self.pulled_at:
            self.card.pull_at(self.pulled_at)
            self.pulled_at = 0
        match effect:
            case Exchange(command=command):
                try:
                    return exchange(self.card.answer, command, t0=True)
                except CardPulled:
                    return CardFailure.GONE
            case DrawRandom(count=count):
                return bytes(range(count))
        raise AssertionError(f"the chip is not asked for {effect}")


def follow(flow: Flow, *script: Iterable[Any]) -> Any:
    """Drive `flow` by `script` to its end; gives what it returns.

    Lines may stand in rows, and rows in rows. An answer that is a function is asked for it: an
    issuer's depends on the card's cryptogram.
    """
    lines, number = list(_lines(script)), 0
    try:
        asked = flow.send(None)
        for number, line in enumerate(lines, 1):
            if isinstance(line, TheChip):
                assert isinstance(asked, Exchange | DrawRandom), f"not the chip is asked: {asked}"
                while isinstance(asked, Exchange | DrawRandom):
                    asked = flow.send(line.answer(asked))
            else:
                expected, answer = line
                assert asked == expected, f"line {number}: {asked}, not {expected}"
                asked = flow.send(answer(asked) if callable(answer) else answer)
    except StopIteration as stop:
        assert number == len(lines), f"the flow has ended before {lines[number]}"
        return stop.value
    raise AssertionError(f"the script has ended, and the flow asks for {asked}")


def _lines(script: Iterable[Any]) -> Iterator[Pair | TheChip]:
    for part in script:
        if isinstance(part, TheChip) or (part and isinstance(part[0], Effect)):
            yield part
        else:
            yield from _lines(part)


@cache
def _emv() -> EmvSetup:
    return emv_setup(CONFIG, CaKeys.from_tsv(TEST_CA_KEYS.read_text("utf-8"), test_keys=True))


def desk(operator: str = "01", config: Config = CONFIG) -> Desk:
    """A counter and its operator; "" is nobody."""
    return Desk(config, _emv, CARD_KEY, Language.ZH, operator)
