"""A modelled PC/SC with the reader's driver on it, for its tests."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from hw.card_reader import PcscReader
from hw.events import CardInserted
from hw.sim.cards.card import Card
from hw.sim.reader.pcsc import PcscModel


class StoppedClock:
    """A clock that shows what it is told."""

    ms = 7

    def monotonic_ms(self) -> int:
        return self.ms

    def now(self) -> datetime:
        return datetime(2026, 5, 1, tzinfo=UTC)


class Bench:
    """A modelled PC/SC, the driver on it, and the pauses the driver took."""

    def __init__(self, *names: str, model: type[PcscModel] = PcscModel, **options: Any) -> None:
        self.pcsc = model(names) if names else model()
        self.pauses: list[int] = []
        self.clock = StoppedClock()
        self.reader = PcscReader(self.pcsc, self.clock, pause=self.pauses.append, **options)

    def poll(self) -> list[type]:
        return [type(event) for event in self.reader.poll(1_000)]


def await_empty(reader: PcscReader) -> None:
    """Have the reader see that its slot is empty: pcscd takes its time to see it."""
    while reader.card_present:
        reader.poll(1_000)


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def talking(bench: Bench, card_named: Callable[[str], Card]) -> Bench:
    """The bench with visa-credit in and powered."""
    bench.pcsc.insert(card_named("visa-credit"))
    assert bench.poll() == [CardInserted]
    bench.reader.power_on()
    return bench
