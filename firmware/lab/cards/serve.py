"""`pos card serve`: a card of the tray in a vpcd slot, where any PC/SC program can meet it."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable

from firmware.core.exits import FAILED, Refused
from hw.sim.cards import Card
from hw.sim.reader.vpcd import CardInSlot

RETRY_S = 0.5
VERIFY = 0x20


def serve(card: Card, host: str, port: int, say: Callable[[str], None], *, verbose: bool) -> None:
    """Serve until Ctrl-C. A daemon that goes gets its card back when it is there again.

    Raises Refused when no vpcd listens to begin with.
    """
    where = f"{host}:{port}"
    try:
        connection = socket.create_connection((host, port))
    except UnicodeError:
        raise Refused(f"{host!r} is no name of a host") from None
    except OSError as error:
        why = f"no vpcd listens at {where} ({error.strerror or error})"
        raise Refused(f"{why}: is pcscd running, with vsmartcard-vpcd?", code=FAILED) from None
    greeting = f"{card.name} is in the slot of vpcd at {where}; Ctrl-C takes it out"
    try:
        while True:
            with connection:
                say(greeting)
                in_slot = CardInSlot(connection, card)
                if verbose:
                    in_slot.on_apdu.append(lambda command, response: _tell(say, command, response))
                in_slot.serve()
            say("vpcd has gone; waiting for it")
            connection = _connect_again(host, port)
            greeting = f"{card.name} is in the slot again"
    except KeyboardInterrupt:
        say(f"{card.name} is out")


def _connect_again(host: str, port: int) -> socket.socket:
    while True:
        try:
            return socket.create_connection((host, port))
        except OSError:
            time.sleep(RETRY_S)


def _tell(say: Callable[[str], None], command: bytes, response: bytes) -> None:
    """One exchange; a PIN is masked here too, for people do key their own."""
    shown = command[:5].hex() + "**" * len(command[5:]) if command[1] == VERIFY else command.hex()
    say(f"> {shown.upper()}\n< {response.hex().upper()}")
