"""A terminal device with a modelled printer at its other end."""

import contextlib
import os
import termios
import threading
import tty

from tests.machine import pseudo_terminal


@contextlib.contextmanager
def on_terminal(model):
    """A terminal device whose other end is the printer: a serial line without its speed."""
    master, slave = pseudo_terminal()
    tty.setraw(slave, termios.TCSANOW)

    def serve():
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
