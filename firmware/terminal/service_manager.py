"""Tells systemd the state of the terminal: ready, alive, in service, stopping. See sd_notify(3).

One datagram a message to the socket that NOTIFY_SOCKET names. A terminal that is run by hand has
none, and sends nothing.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Mapping

IN_SERVICE, OUT_OF_SERVICE = "in service", "out of service"
WAS_IN_SERVICE = f"{IN_SERVICE} before, {OUT_OF_SERVICE} now"


class ServiceManager:
    """Sends messages to the service manager; `watchdog_ms` is how often it wants one, or None."""

    def __init__(self, address: str = "", watchdog_ms: int | None = None) -> None:
        self.watchdog_ms = watchdog_ms
        self._address = "\0" + address[1:] if address.startswith("@") else address

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> ServiceManager:
        """The one that an environment names; a watchdog for another process does not count."""
        address = environment.get("NOTIFY_SOCKET", "")
        interval_us = environment.get("WATCHDOG_USEC", "")
        for_us = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        watched = address and for_us and interval_us.isdigit() and int(interval_us) > 0
        return cls(address, int(interval_us) // 1000 if watched else None)

    def ready(self) -> None:
        """The terminal has come up; or stands out of service, saying so on its screen."""
        self._tell("READY=1")

    def alive(self) -> None:
        """The main loop runs, and so do its workers."""
        self._tell("WATCHDOG=1")

    def status(self, words: str) -> None:
        """What `systemctl status` shows. See firmware.ops.install.releases, which goes by it."""
        self._tell(f"STATUS={words}")

    def stopping(self) -> None:
        """It was asked to end."""
        self._tell("STOPPING=1")

    def _tell(self, message: str) -> None:
        if not self._address:
            return
        # nobody listening, or a full socket: never a reason to stop or to wait
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
            out.sendmsg([message.encode()], [], socket.MSG_DONTWAIT, self._address)
