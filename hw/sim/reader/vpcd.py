"""The card's side of vpcd: puts a modelled card into a slot of a real `pcscd`.

Frames are a 2-byte big-endian length and a payload. From the reader a payload of one byte is
control (00 off, 01 on, 02 reset, 04 get ATR; the last alone is answered), any other a command. The
card connects to vpcd, and closing the connection takes it out.

vpcd's reversed mode, where it connects to the card, is not used: version 3.3, the one in Debian,
aborts the whole daemon when a card leaves (it waits for a client on a socket it never opened).
"""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable

from hw.sim.cards import Card, CardPulled, CardSilent

VPCD_PORT = 0x8C7B  # slot 0; the next port is slot 1
OFF, ON, RESET, GET_ATR = 0x00, 0x01, 0x02, 0x04
LOCALHOST = "127.0.0.1"


class CardInSlot:
    """One connection to vpcd and the card that serves it; `on_apdu` hooks see every exchange."""

    def __init__(self, connection: socket.socket, card: Card) -> None:
        self.card = card
        self.on_apdu: list[Callable[[bytes, bytes], None]] = []
        self._connection = connection
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def serve(self) -> None:
        """Serve until the card is pulled or the reader goes. Blocks; never raises for either."""
        with self._connection, contextlib.suppress(OSError, CardPulled):
            while payload := self._receive_frame():
                # a silent card says nothing: the reader waits until the card is pulled
                with contextlib.suppress(CardSilent):
                    self._serve(payload)

    def pull(self) -> None:
        """Take the card out, whatever it does at the moment; callable from any thread."""
        with contextlib.suppress(OSError):  # the reader may have gone first
            self._connection.shutdown(socket.SHUT_RDWR)

    def _receive_frame(self) -> bytes:
        """The next payload; empty when the connection is over."""
        return self._receive(int.from_bytes(self._receive(2), "big"))

    def _receive(self, size: int) -> bytes:
        received = self._connection.recv(size, socket.MSG_WAITALL)
        # delayed acknowledgements cost 40 ms a command, and Linux falls back to them by itself
        if hasattr(socket, "TCP_QUICKACK"):
            self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        return received if len(received) == size else b""

    def _serve(self, payload: bytes) -> None:
        if len(payload) > 1:
            self._send(self._answer(payload))
        elif payload[0] in (ON, RESET):
            self.card.power_on()
        elif payload[0] == GET_ATR:
            self._send(self.card.atr)

    def _answer(self, command: bytes) -> bytes:
        response = self.card.answer(command)
        if self.card.faults.slow_ms:
            time.sleep(self.card.faults.slow_ms / 1000)
        for hook in self.on_apdu:
            hook(command, response)
        return response

    def _send(self, payload: bytes) -> None:
        self._connection.sendall(len(payload).to_bytes(2, "big") + payload)
