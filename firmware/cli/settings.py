"""The configuration a command goes by: which file, what lies beside it, and mistakes past typing.

Without `--config` it is `pos.toml` in the working directory, without that the installed terminal's,
and without that the defaults.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from firmware.cli.exits import Refused
from firmware.config import Config, ConfigError, Printer, from_tables, load
from firmware.config_across import Mistake
from firmware.emv.ca_keys import CaKeys
from firmware.install import places
from firmware.ui.glyphs import face
from hw.board import PRINTER_UART

if TYPE_CHECKING:
    import ssl

    from firmware.host.accounts import Account

USUAL_FILES = (Path("pos.toml"), Path(places.CONFIG))
_USUAL = ", ".join(map(str, USUAL_FILES))
BAUD_LEAST, BAUD_MOST = 300, 921_600
_DEVICES = {
    "usb": (r"[0-9A-Fa-f]{4}:[0-9A-Fa-f]{4}", 'VENDOR:PRODUCT in hex such as "0416:5011"'),
    "serial": (r"/.+", f'the path of a serial port such as "{PRINTER_UART.path}"'),
    "network": (r"[^\s/]+:[0-9]{1,5}", 'HOST:PORT such as "192.0.2.7:9100"'),
    "file": (r"/.+", 'the path of a device such as "/dev/usb/lp0"'),
}


class Settings(Struct, frozen=True):
    """Settings that can be used, and the file they are from (None: all are defaults)."""

    config: Config
    path: Path | None

    @property
    def data(self) -> Path:
        """The data directory that the settings name."""
        return self._beside(self.config.general.data_dir)

    @property
    def files(self) -> list[Path]:
        """The file itself and those that it names and uses."""
        host, named = self.config.host, [self.config.emv.ca_keys]
        named.append(host.accounts if host.kind == "local" else host.tls_ca if host.tls else "")
        beside = [self._beside(name) for name in named if name]
        return beside if self.path is None else [self.path, *beside]

    def accounts(self) -> list[Account]:
        """The embedded host's accounts, none if no file is named. Raises ConfigError."""
        from firmware.host.accounts import load_accounts  # noqa: PLC0415 - slow, for this alone

        name = self.config.host.accounts
        return load_accounts(self._beside(name)) if name else []

    def ca_keys(self) -> CaKeys | None:
        """The shop's own CA keys, None if no file is named. Raises ConfigError."""
        name = self.config.emv.ca_keys
        if not name:
            return None
        path = self._beside(name)
        try:
            return CaKeys.from_tsv(path.read_text(encoding="utf-8"), path.name)
        except (OSError, ValueError) as error:
            raise ConfigError([Mistake(f"{path}", _reason(error))]) from None

    def host_tls(self) -> ssl.SSLContext | None:
        """How the host is held to its certificate; None for a plain line. Raises ConfigError."""
        host = self.config.host
        if not host.tls:
            return None
        import ssl  # noqa: PLC0415 - slow, for this alone

        authority = self._beside(host.tls_ca) if host.tls_ca else None
        try:
            return ssl.create_default_context(cafile=authority)
        except OSError as error:  # with ssl.SSLError: no certificate in it
            raise ConfigError([Mistake(f"{authority}", _reason(error))]) from None

    def _beside(self, name: str) -> Path:
        return Path(name) if self.path is None else self.path.parent / name


def add_config_argument(parser: argparse.ArgumentParser) -> None:
    """Add `--config FILE`."""
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help=f"the configuration (default: the first there is of {_USUAL}; else the defaults)",
    )


def add_data_instead_argument(parser: argparse.ArgumentParser) -> None:
    """Add `--data DIR`, which goes before the configuration's own."""
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="instead of the configuration's general.data_dir"
    )


def settings_of(path: Path | None) -> Settings:
    """The settings in a file, or in the usual one. Raises Refused with a line for each mistake."""
    try:
        return checked(path)
    except ConfigError as error:
        raise Refused(*map(str, error.mistakes)) from error


def checked(path: Path | None) -> Settings:
    """The same. Raises ConfigError with every mistake."""
    path = file_of(path)
    settings = Settings(Config() if path is None else load(path), path)
    mistakes = mistakes_of(settings)
    if mistakes:
        raise ConfigError(mistakes)
    return settings


def file_of(path: Path | None) -> Path | None:
    """The file that holds the settings: the one that is named, else a usual one if there is one."""
    if path is not None:
        return path
    return next((each for each in USUAL_FILES if os.access(each, os.R_OK)), None)


def legible(path: Path | None) -> Settings:
    """What is well in a file that has mistakes, and defaults for the rest of it. Never raises."""
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8")) if path else {}
    except (OSError, ValueError):
        tables = {}
    sections = {}
    for name, table in tables.items():
        with contextlib.suppress(ConfigError):
            sections[name] = getattr(from_tables({name: table}, source=""), name)
    return Settings(Config(**sections), path)


def mistakes_of(settings: Settings) -> list[Mistake]:
    """What is wrong though each setting is well typed: devices' names, the accounts' file."""
    source = "defaults" if settings.path is None else str(settings.path)
    printer = settings.config.printer
    mistakes = []
    expected = _expected_device(printer)
    # a terminal without any settings may be looked at before its printer is there
    if expected and not (settings.path is None and not printer.device):
        mistakes.append(Mistake(f"{source}: printer.device", f"expected {expected}"))
    if not BAUD_LEAST <= printer.baud <= BAUD_MOST:
        range_words = f"expected {BAUD_LEAST} to {BAUD_MOST}"
        mistakes.append(Mistake(f"{source}: printer.baud", range_words))
    local = settings.config.host.kind == "local"
    for beside in (settings.accounts if local else settings.host_tls, settings.ca_keys):
        try:
            beside()
        except ConfigError as error:
            mistakes += error.mistakes
    return mistakes


def warnings_of(settings: Settings) -> list[Mistake]:
    """What works, and not as somebody will have meant it."""
    source = "defaults" if settings.path is None else str(settings.path)
    merchant, host = settings.config.merchant, settings.config.host
    warnings = []
    for name in ("name", "name_en"):
        missing = face(12).missing(getattr(merchant, name))
        if missing:
            words = f"the glass has no character for {' '.join(dict.fromkeys(missing))}"
            warnings.append(Mistake(f"{source}: merchant.{name}", words))
    if host.kind == "local" and not host.accounts:
        words = "no accounts: the embedded host declines every card"
        warnings.append(Mistake(f"{source}: host.accounts", words))
    return warnings


def printer_address(printer: Printer) -> str | None:
    """The printer's wire as `hw.printer_link.transport_for` has it; None for no printer."""
    if printer.kind == "none" or _expected_device(printer):
        return None
    device = printer.device or PRINTER_UART.path
    baud = f":{printer.baud}" if printer.kind == "serial" else ""
    return f"{printer.kind}:{device}{baud}"


def _reason(error: OSError | ValueError) -> str:
    return getattr(error, "strerror", None) or str(error)


def _expected_device(printer: Printer) -> str:
    """What `printer.device` wants to be, or "" when it is well."""
    if printer.kind == "none" or (printer.kind == "serial" and not printer.device):
        return ""
    pattern, words = _DEVICES[printer.kind]
    well = re.fullmatch(pattern, printer.device, re.ASCII) is not None
    if well and printer.kind == "network":
        well = 1 <= int(printer.device.rpartition(":")[2]) <= 65_535
    return "" if well else words
