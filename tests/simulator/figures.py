"""What days were made of: how much of everything was tried, as figures that add up."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from firmware.lab.scenario.language import FAULTS, Step
from hw.sim.cards import tray

COUNTED = ("fault", "insert", "power cut", "remove")
# every outcome that days must have had before they count as having tried everything
OUTCOMES = (
    "sale approved",
    "sale declined",
    "sale approved offline",
    "sale declined offline",
    "void approved",
    "refund approved",
    "undo",
    "training transaction",
    "duplicate printed",
    "GuardOverridden",
    "ReversalConfirmed",
    "AdviceAnswered",
    "SettlementCompleted",
    "PrintDoubtful",
    "OperatorSignedOff",
    "PasswordChanged",
    "PasswordFailed",
    "OperatorAdded",
    "OperatorRemoved",
    "ClockJumped",
    "DeviceRecovered",
)


@dataclass
class Figures:
    """Days, lines played, and how often each thing was done or came about."""

    days: int = 0
    lines: int = 0
    counts: Counter[str] = field(default_factory=Counter)

    def count(self, step: Step) -> None:
        """One line was played."""
        self.lines += 1
        if step.verb in COUNTED:
            named = step.words[: 2 if step.verb == "fault" else 1]
            self.counts[" ".join((step.verb, *named))] += 1

    def add(self, other: Figures) -> None:
        """Take the days of `other` in."""
        self.days += other.days
        self.lines += other.lines
        self.counts += other.counts

    @property
    def transactions(self) -> int:
        """Approved, declined or reversed, training transactions included."""
        return sum(self.counts[name] for name in self.counts if _is_outcome(name))

    @property
    def faults(self) -> int:
        """Faults of the language, and power cuts."""
        named = (name for name in self.counts if name.startswith("fault"))
        return sum(self.counts[name] for name in named) + self.counts["power cut"]

    def never(self) -> list[str]:
        """What was never tried, or never came about."""
        faults = [f"fault {device} {kind}" for device, kinds in FAULTS.items() for kind in kinds]
        cards = [f"insert {name}" for name in tray()]
        return [name for name in (*faults, *cards, *OUTCOMES) if not self.counts[name]]

    def words(self, seconds: float) -> str:
        """The figures in a line, and a line for each of what they are made of."""
        head = (
            f"{self.days} days, {self.lines} lines, {self.transactions} transactions,"
            f" {self.faults} faults in {seconds:.0f} s: {self.days / seconds:.1f} days a second"
        )
        return "\n".join([head, *(f"  {n:7} {name}" for name, n in sorted(self.counts.items()))])


def _is_outcome(name: str) -> bool:
    return (
        name == "training transaction"
        or name.startswith(("sale ", "void ", "refund "))
        or name == "ReversalOpened"
    )
