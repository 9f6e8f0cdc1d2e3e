"""A real `pcscd` with vpcd's two slots, in a private place: for tests, benchmarks and the bench.

The daemon has mount and network namespaces of its own: its `/run` is private, and vpcd, which
listens on every interface, finds nothing but a loopback that nobody else can reach. Its socket
shows as `PrivatePcscd.socket`, where `PCSCLITE_CSOCK_NAME` has to point before this process first
calls PC/SC, for libpcsclite looks only once. Debian packages: `pcscd`, `vsmartcard-vpcd`.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Self

from hw.sim.cards import Card
from hw.sim.reader.vpcd import VPCD_PORT, CardInSlot

VPCD_LIBRARY = Path("/usr/lib/pcsc/drivers/serial/libifdvpcd.so")
SOCKET_VARIABLE = "PCSCLITE_CSOCK_NAME"
READER = "Virtual PCD"
INSIDE = Path(__file__).with_name("pcscd_inside.py")
SLOTS = 2


class PcscdUnavailable(RuntimeError):  # noqa: N818 - a state of the machine
    """This machine cannot run a private pcscd with vpcd; says what is missing."""


class PrivatePcscd:
    """The daemon, and the cards in its slots. A context manager; entry raises PcscdUnavailable.

    pcscd looks at its slots every 0.4 s: wait for the reader's event after `insert` and `remove`.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._control, self._control_inside = socket.socketpair()
        self._cards: list[Card | None] = [None] * SLOTS
        self._in_slot: list[CardInSlot | None] = [None] * SLOTS
        self.on_apdu: list[Callable[[bytes, bytes], None]] = []

    @property
    def socket(self) -> Path:
        """Where PCSCLITE_CSOCK_NAME has to point."""
        return self._folder / "run" / "pcscd.comm"

    def __enter__(self) -> Self:
        pcscd = shutil.which("pcscd", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
        if pcscd is None:
            raise PcscdUnavailable("pcscd is not installed (apt install pcscd)")
        if not VPCD_LIBRARY.exists():
            raise PcscdUnavailable("vpcd is not installed (apt install vsmartcard-vpcd)")
        (self._folder / "run").mkdir(parents=True, exist_ok=True)
        configuration = self._folder / "reader.conf.d"
        configuration.mkdir(exist_ok=True)
        (configuration / "vpcd").write_text(
            f'FRIENDLYNAME "{READER}"\nDEVICENAME /dev/null:{VPCD_PORT:#x}\n'
            f"LIBPATH {VPCD_LIBRARY}\nCHANNELID {VPCD_PORT:#x}\n"
        )
        inside = self._control_inside.fileno()
        unshare = ["unshare", "--mount", "--net"]
        if os.geteuid() != 0:
            unshare.append("--map-root-user")
        self._process = subprocess.Popen(  # noqa: S603 - nobody else's words
            [*unshare, sys.executable, str(INSIDE), str(inside), str(self._folder), pcscd],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            pass_fds=[inside],
        )
        self._control_inside.close()
        try:
            self._expect_agreement()
            self.start()
        except PcscdUnavailable:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for slot in range(SLOTS):
            self.remove(slot)
        self._control.close()  # the other side ends the daemon, and itself
        if self._process is not None and self._process.returncode is None:
            self._process.communicate()

    def start(self) -> None:
        """Start the daemon, and wait until it is ready; it finds the cards that are in."""
        self._order(b"S")
        for slot, card in enumerate(self._cards):
            if card is not None:
                self.insert(card, slot)

    def stop(self) -> None:
        """End the daemon, as a restart of the service would; the cards stay in the slots."""
        self._order(b"K")

    def insert(self, card: Card, slot: int = 0) -> None:
        """Put a card in; one that was in comes out first. Raises PcscdUnavailable."""
        self.remove(slot)
        self._control.send(str(slot).encode())
        answer, descriptors, _, _ = socket.recv_fds(self._control, 1000, 1)
        if not descriptors:
            raise PcscdUnavailable(answer[1:].decode())
        in_slot = CardInSlot(socket.socket(fileno=descriptors[0]), card)
        in_slot.on_apdu = self.on_apdu
        self._cards[slot], self._in_slot[slot] = card, in_slot
        # a daemon thread: an interrupted test run must not hang on it
        threading.Thread(target=in_slot.serve, name=f"vpcd slot {slot}", daemon=True).start()

    def remove(self, slot: int = 0) -> None:
        """Take the card out, in the middle of whatever it does."""
        in_slot, self._in_slot[slot], self._cards[slot] = self._in_slot[slot], None, None
        if in_slot is not None:
            in_slot.pull()

    def _order(self, order: bytes) -> None:
        self._control.send(order)
        self._expect_agreement()

    def _expect_agreement(self) -> None:
        answer = self._control.recv(1000)
        if answer == b"+":
            return
        reason = answer[1:].decode()
        if not answer and self._process is not None:  # it never came so far
            _, said = self._process.communicate()
            reason = (said.decode().strip().splitlines() or ["unshare failed"])[-1]
        raise PcscdUnavailable(reason)
