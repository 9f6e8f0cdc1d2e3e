"""Terminal devices with a modelled printer at their other end."""

import array
import contextlib
import fcntl
import os
import termios
import threading
import tty
from collections.abc import Iterator

from hw.sim.printer.escpos import PrinterModel
from tests.machine import pseudo_terminal


@contextlib.contextmanager
def on_terminal(model: PrinterModel) -> Iterator[str]:
    """A terminal device whose other end is the printer: a serial line without its speed."""
    master, slave = pseudo_terminal()
    tty.setraw(slave, termios.TCSANOW)

    def serve() -> None:
        with contextlib.suppress(OSError):
            while data := os.read(master, 4096):
                model.receive(data)
                os.write(master, model.answers())

    served = threading.Thread(target=serve, daemon=True)
    served.start()
    try:
        yield os.ttyname(slave)
    finally:
        os.close(slave)
        served.join(5)
        os.close(master)


BUFFER_BYTES, LOW_BYTES = 4096, 1024
HEADROOM_BYTES = 1536  # what a sender that was told to stop may still have on its way
READ_BYTES = 256
PRINTED_AT_ONCE, PRINT_S = 256, 0.05
XON, XOFF = b"\x11", b"\x13"


@contextlib.contextmanager
def on_small_buffer(model: PrinterModel) -> Iterator[str]:
    """The same with a printer slower than its line, whose DIP switches say XON/XOFF.

    What is sent when the buffer is full is lost; not what was sent before XOFF, however late a
    busy machine lets us read it.
    """
    master, slave = pseudo_terminal()
    tty.setraw(slave, termios.TCSANOW)
    os.set_blocking(master, False)
    stop, paces = threading.Event(), threading.Event()  # the second is never set

    def serve() -> None:
        buffer, held = bytearray(), False
        sent_before = 0  # bytes that were on their way when XOFF went out
        while not stop.is_set() or buffer:
            with contextlib.suppress(OSError):
                while came := os.read(master, READ_BYTES):
                    buffer.extend(came[: max(BUFFER_BYTES - len(buffer), sent_before)])
                    sent_before = max(0, sent_before - len(came))
                    if not held and len(buffer) >= BUFFER_BYTES - HEADROOM_BYTES:
                        held = os.write(master, XOFF) > 0
                        sent_before = _unread(master)
            paces.wait(PRINT_S)
            model.receive(bytes(buffer[:PRINTED_AT_ONCE]))
            del buffer[:PRINTED_AT_ONCE]
            if held and len(buffer) <= LOW_BYTES:
                held = os.write(master, XON) == 0

    served = threading.Thread(target=serve, daemon=True)
    served.start()
    try:
        yield os.ttyname(slave)
    finally:
        stop.set()
        served.join(20)
        os.close(slave)
        os.close(master)


def _unread(master: int) -> int:
    count = array.array("i", [0])
    fcntl.ioctl(master, termios.FIONREAD, count)
    return count[0]
