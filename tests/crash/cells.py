"""Every fault in every state of every flow: the cells, made from the flows and the language.

The faults are those of the scenario language and of the host's line, a card that is taken out, and
the power; the states those that stories go through.
"""

from __future__ import annotations

from dataclasses import dataclass

from firmware.lab.scenario.language import FAULTS
from hw.sim.host_line import LineFault
from tests.crash.telling import State, Telling

ARGUMENTS = {"dies-after": ("300",), "pull-at": ("1",), "stuck": ("9",), "jump": ("+1d", "-1d")}
POWER_CUT, CARD_OUT = "power cut", "card out"


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault by its words in the language."""

    device: str
    kind: str = ""
    arguments: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return " ".join((self.device, self.kind, *self.arguments)).strip()


def all_faults() -> list[Fault]:
    """Every fault there is a word for, all that a line does, and the two that need no word."""
    found = []
    for device, kinds in FAULTS.items():
        for kind, count in kinds.items():
            arguments = [(each,) for each in ARGUMENTS[kind]] if count else [()]
            found += [Fault(device, kind, each) for each in arguments]
    on_the_line = [Fault("host", each.value) for each in LineFault]
    return [*dict.fromkeys([*found, *on_the_line]), Fault(CARD_OUT), Fault(POWER_CUT)]


@dataclass(frozen=True, slots=True)
class Cell:
    """One fault in one state of one telling."""

    telling: Telling
    state: State
    fault: Fault

    @property
    def name(self) -> str:
        return f"{self.fault.name} in {self.telling.name} at {self.state.name}"
