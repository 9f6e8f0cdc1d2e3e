"""Puts what there is to see of a stage into the hub, as far as it has changed."""

from __future__ import annotations

import base64
import contextlib
from typing import Any

from PIL import ImageChops

from firmware.journal.faults import JournalFault
from firmware.lab.page import views
from firmware.lab.page.exchanges import Exchanges
from firmware.lab.page.hub import LOGS, Hub
from firmware.lab.page.recorder import Recorder
from firmware.lab.scenario.language import FAULTS
from firmware.lab.scenario.stage import Stage
from firmware.terminal.drivers import profile_of, width_mm_of


class Publisher:
    """Reads one stage for the pages. `speed` and `faults` are set by the session."""

    def __init__(self, hub: Hub, stage: Stage, recorder: Recorder) -> None:
        self.speed = 1
        self.faults: dict[str, str] = {}
        self._hub = hub
        self._stage = stage
        self._recorder = recorder
        self._paper_px = 0
        self._bytes, self._advanced = 0, 0
        self._exchanges = Exchanges()
        self._head = 0
        self._delivered = -1
        self._notices = 0
        self._saves = 0
        for log in LOGS:
            hub.clear(log)
        hub.put("play", None)
        hub.put("notice", {"count": 0, "words": ""})

    def settings(self) -> dict[str, Any]:
        """What stays as it is while the stage stands."""
        config = self._stage.config
        return {
            "language": config.general.language,
            "profile": config.general.profile,
            "merchant": config.merchant.name,
            "merchant_en": config.merchant.name_en,
            "test_amounts": config.host.test_amounts,
            "width_mm": width_mm_of(profile_of(config.printer)),
            "paper_px": self._stage.bench.paper_printer.paper.width_px,
            "cards": views.cards(self._stage),
            "faults": FAULTS,
            "steps": len(self._recorder),  # which only set it up
        }

    def publish(self) -> None:
        """Put what has changed into the hub."""
        stage, hub = self._stage, self._hub
        bench = stage.bench
        card = bench.slot.card
        hub.put("display", views.panel(stage))
        hub.put("keys", sorted(key.value for key in bench.keys.pressed))
        hub.put("slot", None if card is None else card.name)
        hub.put("power", {"on": stage.terminal is not None, "speed": self.speed})
        hub.put("faults", dict(self.faults))
        hub.put("steps", len(self._recorder))
        hub.put("keyed", self._recorder.keyed)
        terminal = stage.terminal
        hub.put("agreed", terminal is not None and terminal.data.journal.waiting.agreed)
        self._publish_paper()
        with contextlib.suppress(JournalFault):
            self._publish_books()

    def apdu(self, sent: bytes, answer: bytes) -> None:
        """A command crossed the card's wire."""
        found = self._exchanges.next(sent, answer)
        if found is not None:
            self._hub.add("trace", found)

    def notice(self, words: str) -> None:
        """Show a notice on every open page."""
        self._notices += 1
        self._hub.put("notice", {"count": self._notices, "words": words})

    def recording(self, at_ms: int) -> None:
        """Give out what was recorded."""
        self._saves += 1
        text = self._recorder.text(self._stage.terminal, at_ms)
        self._hub.put("recording", {"count": self._saves, "text": text})

    def _publish_paper(self) -> None:
        """What is new on the paper, and how long each advance of it takes to come out."""
        printer = self._stage.bench.paper_printer
        paper = printer.paper
        if paper.height_px < self._paper_px:
            self._hub.add("paper", {"torn": True})
            self._paper_px = 0
        if paper.height_px > self._paper_px:
            box = (0, self._paper_px, paper.width_px, paper.height_px)
            ink = ImageChops.invert(paper.image().crop(box).convert("L")).convert("1")
            advances = printer.advances_since(self._advanced)
            paces_ms = self._stage.bench.mechanism.paces_ms(advances, self._bytes)
            strip = {
                "rows": paper.height_px - self._paper_px,
                "bits": base64.b64encode(ink.tobytes()).decode(),
                "paces": [
                    [each.rows, round(pace_ms)]
                    for each, pace_ms in zip(advances, paces_ms, strict=True)
                ],
            }
            self._hub.add("paper", strip)
            self._hub.put("amount_px", views.amount_px(paper.lines()))
            self._paper_px = paper.height_px
        self._bytes, self._advanced = printer.bytes_received, printer.advanced

    def _publish_books(self) -> None:
        """Journal and books when either has grown. Raises JournalFault."""
        terminal = self._stage.terminal
        if terminal is None:
            return
        journal = terminal.data.journal
        head, _ = journal.head()
        delivered = self._stage.line.delivered
        if (head, delivered) == (self._head, self._delivered):
            return
        for entry in journal.records(max(self._head + 1, head - 399), head):
            self._hub.add("records", views.record(entry))
        self._head, self._delivered = head, delivered
        self._hub.put("journal", views.journal(journal, self._stage.config.currency))
        if self._stage.acquirer.books is not None:
            self._hub.put("books", views.books(self._stage))
