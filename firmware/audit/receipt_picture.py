"""A receipt as a picture: drawn by the printer's own driver on a model of the printer."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace
from PIL import Image

from firmware.core.config import PrinterSettings
from firmware.terminal.drivers import profile_of
from hw.ports import Document
from hw.printer import EscposPrinter
from hw.printer_encode import Mode
from hw.sim.printer.escpos import PrinterModel


class ReceiptPicture(Struct, frozen=True):
    """A mode "1" image, black on white and as wide as the paper, and what can be read on it."""

    image: Image.Image
    text: str


def drawn(document: Document, settings: PrinterSettings) -> ReceiptPicture:
    """The paper that a document makes on a printer as the settings have it. Takes a while."""
    profile = replace(profile_of(settings), mode=Mode.NATIVE, qr=True)
    model = PrinterModel(profile.columns, dots=profile.width_px)
    EscposPrinter(model.transport, profile).print(document)
    return ReceiptPicture(model.paper.image(), model.paper.text)
