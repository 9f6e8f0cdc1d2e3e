"""An acquirer at the end of a real line, for a terminal on its modelled hardware."""

from __future__ import annotations

import json
import re
import ssl
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from firmware.core.clock import SystemClock
from firmware.core.config import Config, ConfigError, Host
from firmware.core.config_across import Mistake
from firmware.core.files import read_text
from firmware.core.masked import SecretKey
from firmware.iso8583.tcp import TcpLink
from firmware.iso8583.working_keys import WorkingKeysError, master_of
from firmware.lab.scenario.acquirers import AtALine
from firmware.terminal.settings import Settings
from hw.ports import Clock

TIMEOUT_S = 10  # people look at a page meanwhile
COMPONENT_NAMES = ("component_1", "component_2")
_COMPONENT = re.compile("[0-9A-Fa-f]{32}")


class FarAcquirer(Struct, frozen=True):
    """Where it is, and the terminal's master key for it; None for the one that was loaded."""

    address: str
    port: int
    master: SecretKey | None = None
    tls: ssl.SSLContext | None = None

    @classmethod
    def at(cls, address: str, port: int, key: Path | None, ca: Path | None) -> FarAcquirer:
        """With the master key in the file `key`, over TLS by the authority in `ca`, where named.

        Raises ConfigError.
        """
        master = master_in(key) if key else None
        tls = Settings(Config(host=Host(tls=True, tls_ca=str(ca))), None).host_tls() if ca else None
        return cls(address, port, master, tls)

    def of_stage(self, config: Config, _directory: Path, clock: Clock) -> AtALine:
        """The acquirer of a stage with these settings, but for those that say where it is."""
        host = Host(
            kind="acquirer",
            address=self.address,
            port=self.port,
            timeout_s=TIMEOUT_S,
            reversal_retry_s=config.host.reversal_retry_s,
        )
        config = replace(config, host=host)
        messages = Settings(config, None).messages()
        assert messages is not None, "it is at a line"
        took_ms = SystemClock().monotonic_ms  # an answer takes real time, whatever the bench's is

        def link() -> TcpLink:
            return TcpLink(self.address, self.port, monotonic_ms=took_ms, tls=self.tls, keep=True)

        return AtALine(config, messages, link, clock, self.master)


def master_in(path: Path) -> SecretKey:
    """The master key of two components in a file: as `terminal add --json` says, or two lines.

    Raises ConfigError; no mistake repeats a value.
    """
    try:
        text = read_text(path)
        if text.lstrip().startswith("{"):
            said = json.loads(text)
            words = [str(said.get(name, "")) for name in COMPONENT_NAMES]
        else:
            words = text.split()
    except (OSError, ValueError, RecursionError) as error:
        reason = getattr(error, "strerror", None) or "neither JSON nor two lines"
        raise ConfigError([Mistake(str(path), reason)]) from None
    if len(words) != 2 or not all(_COMPONENT.fullmatch(word) for word in words):
        raise ConfigError([Mistake(str(path), "expected two components of 32 hex digits")])
    try:
        return master_of(*(bytes.fromhex(word) for word in words))
    except WorkingKeysError as error:
        raise ConfigError([Mistake(str(path), str(error))]) from None
