"""A command's configuration: its file, the files beside it, and mistakes that types cannot find.

Without `--config` it is `pos.toml` in the working directory, without that the installed terminal's,
and without that the defaults.
"""

from __future__ import annotations

import contextlib
import os
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from msgspec import Struct

from firmware.core import places
from firmware.core.config import Config, ConfigError, Host, PrinterSettings
from firmware.core.config_across import Mistake
from firmware.core.config_file import from_tables, load
from firmware.core.config_kiosk import Item
from firmware.core.exits import Refused
from firmware.core.files import read_bytes, read_text
from firmware.core.hosts import is_host, is_loopback
from firmware.ui.glyphs import face
from hw.board import PRINTER_UART

if TYPE_CHECKING:
    import ssl

    from firmware.acquirer.accounts import Account
    from firmware.emv.ca_keys import CaKeys, Revocation
    from firmware.iso8583.unionpay import UnionPay

A = TypeVar("A")
USUAL_FILES = (Path("pos.toml"), Path(places.CONFIG))
USUAL = ", ".join(map(str, USUAL_FILES))
# the USB printer, whichever it is: the link that `pos install` makes, else the kernel's first one
USB_PRINTERS = ("/dev/pos-printer", "/dev/usb/lp0")
KEYS_MAX_BYTES = 4 * 1024 * 1024  # of a file of CA keys, revocations or certificates
ON_A_LINE = 'host.kind = "acquirer" or "tcp"'
OF_A_LINE = ("tpdu", "header", "keep_line", "chip_data", "chip_in_details")
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
    def source(self) -> str:
        """Where they are from, as each mistake begins."""
        return "defaults" if self.path is None else str(self.path)

    @property
    def data(self) -> Path:
        """The data directory that the settings name."""
        return self._beside(self.config.general.data_dir)

    @property
    def files(self) -> list[Path]:
        """The file itself and those that it names and uses."""
        beside = list(self.named_files.values())
        return beside if self.path is None else [self.path, *beside]

    @property
    def named_files(self) -> dict[str, Path]:
        """The files that settings name and that are used, by the setting's key."""
        host, emv = self.config.host, self.config.emv
        named = {"emv.ca_keys": emv.ca_keys, "emv.revoked": emv.revoked}
        if host.kind == "local":
            named["host.accounts"] = host.accounts
        elif host.tls:
            named["host.tls_ca"] = host.tls_ca
        if host.kind == "acquirer" and self.config.acquirer.profile.endswith(".toml"):
            named["acquirer.profile"] = self.config.acquirer.profile
        return {key: self._beside(name) for key, name in named.items() if name}

    @property
    def pictures(self) -> Path | None:
        """The folder of what the touch screen's shop shows; None if there is none."""
        name = self.config.kiosk.pictures
        return self._beside(name) if name else None

    @property
    def card_key(self) -> Path | None:
        """Where the card key lies, if not in the data directory."""
        name = self.config.keys.card
        return self._beside(name).absolute() if name else None

    def accounts(self) -> list[Account]:
        """The embedded host's accounts, none if no file is named. Raises ConfigError."""
        from firmware.acquirer.accounts import load_accounts  # noqa: PLC0415 - slow, for this alone

        name = self.config.host.accounts
        return load_accounts(self._beside(name), self.config.currency) if name else []

    def ca_keys(self) -> CaKeys | None:
        """The shop's own CA keys, None if no file is named.

        Raises ConfigError, also for test keys without `emv.test_keys`: they would be ignored.
        """
        emv = self.config.emv
        if not emv.ca_keys:
            return None
        from firmware.emv.ca_keys import CaKeys  # noqa: PLC0415 - for this alone

        keys = self._read(emv.ca_keys, partial(CaKeys.from_tsv, test_keys=emv.test_keys))
        if keys.untrusted:
            (rid, index), status = next(iter(keys.untrusted.items()))
            key = f"{rid.hex().upper()} {index:02X}"
            words = f"{key} is not used ({status}); only emv.test_keys = true takes it"
            raise ConfigError([Mistake(f"{self._beside(emv.ca_keys)}", words)])
        return keys

    def revoked(self) -> list[Revocation]:
        """The revoked issuer certificates, none if no file is named. Raises ConfigError."""
        name = self.config.emv.revoked
        if not name:
            return []
        from firmware.emv.ca_keys import revocations  # noqa: PLC0415 - for this alone

        return self._read(name, revocations)

    def host_tls(self) -> ssl.SSLContext | None:
        """How the acquirer's certificate is checked; None for a plain line. Raises ConfigError."""
        host = self.config.host
        if not host.tls:
            return None
        import ssl  # noqa: PLC0415 - slow, for this alone

        authority = self._beside(host.tls_ca) if host.tls_ca else None
        try:
            if authority is not None:
                read_bytes(authority, most_bytes=KEYS_MAX_BYTES)  # ssl itself waits for a pipe
            return ssl.create_default_context(cafile=authority)
        except OSError as error:  # with ssl.SSLError: no certificate in it
            raise ConfigError([Mistake(f"{authority}", _reason(error))]) from None

    def messages(self) -> UnionPay | None:
        """The messages of the acquirer's line; None where there is none. Raises ConfigError."""
        host, acquirer = self.config.host, self.config.acquirer
        if host.kind == "local":
            return None
        from firmware.iso8583.unionpay import EMBEDDED, line_of  # noqa: PLC0415 - slow, for this alone

        name = EMBEDDED if host.kind == "tcp" else acquirer.profile
        if name.endswith(".toml"):
            name = str(self._beside(name))
        try:
            line = line_of(name, acquirer.tpdu, acquirer.header, host.pin_block)
        except ValueError as error:
            raise ConfigError([Mistake(f"{self.source}: acquirer.profile", str(error))]) from None
        most = line.profile.batch_max
        if self.config.batch.full_at > most:
            words = f"expected at most {most}: the acquirer's messages count no further"
            raise ConfigError([Mistake(f"{self.source}: batch.full_at", words)])
        return line

    def _read(self, name: str, made_of: Callable[[str, str], A]) -> A:
        """What is made of a file's text and name. Raises ConfigError."""
        path = self._beside(name)
        try:
            return made_of(read_text(path, most_bytes=KEYS_MAX_BYTES), path.name)
        except (OSError, ValueError) as error:
            raise ConfigError([Mistake(f"{path}", _reason(error))]) from None

    def _beside(self, name: str) -> Path:
        return Path(name) if self.path is None else self.path.parent / name


def settings_of(path: Path | None) -> Settings:
    """The settings in a file, or in the usual one. Raises Refused with a line for each mistake."""
    try:
        return checked(path)
    except ConfigError as error:
        raise Refused(*map(str, error.mistakes)) from error


def checked(path: Path | None) -> Settings:
    """Load and check the settings. Raises ConfigError with every mistake."""
    path = file_of(path)
    settings = Settings(Config() if path is None else load(path), path)
    mistakes = mistakes_of(settings)
    if mistakes:
        raise ConfigError(mistakes)
    return settings


def file_of(path: Path | None, usual: Sequence[Path] = USUAL_FILES) -> Path | None:
    """The file that holds the settings: the one that is named, else a usual one if there is one.

    A usual file that exists but cannot be read is chosen, too, so that reading it reports why.
    """
    if path is not None:
        return path
    return next((each for each in usual if os.path.lexists(each)), None)


def legible(path: Path | None) -> Settings:
    """The right settings of a file with mistakes, defaults in place of the wrong. Never raises."""
    try:
        tables = tomllib.loads(read_text(path)) if path else {}
    except (OSError, ValueError, RecursionError):
        tables = {}
    sections = {}
    for name, table in tables.items():
        with contextlib.suppress(ConfigError):
            sections[name] = getattr(from_tables({name: table}, source=""), name)
    return Settings(Config(**sections), path)


def mistakes_of(settings: Settings) -> list[Mistake]:
    """What is wrong though each setting has the right type: device names, the accounts file."""
    mistakes = _placed(settings, _part_mistakes(settings.config.printer))
    local = settings.config.host.kind == "local"
    for_host = settings.accounts if local else settings.host_tls
    for beside in (for_host, settings.messages, settings.ca_keys, settings.revoked):
        try:
            beside()
        except ConfigError as error:
            mistakes += error.mistakes
    return mistakes + _placed(settings, _line_mistakes(settings.config.host))


def _placed(settings: Settings, found: Iterable[tuple[str, str]]) -> list[Mistake]:
    """The keys and words of `found` as mistakes in the file."""
    return [Mistake(f"{settings.source}: {key}", words) for key, words in found]


def _part_mistakes(printer: PrinterSettings) -> Iterator[tuple[str, str]]:
    """Mistakes in the printer's device and speed, by key and words."""
    expected = _expected_device(printer)
    if expected:
        yield "printer.device", f"expected {expected}"
    if not BAUD_LEAST <= printer.baud <= BAUD_MOST:
        yield "printer.baud", f"expected {BAUD_LEAST} to {BAUD_MOST}"


def _line_mistakes(host: Host) -> Iterator[tuple[str, str]]:
    """Where settings look as if the line to the acquirer were enciphered, and it is not."""
    if host.tls_ca and not host.tls:
        words = "has no effect without host.tls = true: the line would not be enciphered"
        yield "host.tls_ca", words
    if host.tls and host.kind == "local":
        yield "host.tls", 'has no effect while host.kind is "local": nothing goes over a line'
    if _goes_plain(host) and not host.plain:
        words = f"expected true, or host.tls = true: card numbers would go to {host.address}"
        yield "host.plain", f"{words} where anybody on the line can read them"


def _goes_plain(host: Host) -> bool:
    """Whether what is sent leaves this machine without being enciphered."""
    if host.kind == "local" or host.tls:
        return False
    return not is_loopback(host.address.strip("[]").lower())


def settings_without_effect(config: Config) -> Iterator[tuple[str, str]]:
    """Settings that are not at their default and do nothing, with what they would need."""
    host, printer, display = config.host, config.printer, config.display
    counter, shop = config.general.profile == "counter", config.kiosk.shop
    for name, alone, needs in (
        ("host.address", host.kind == "local", ON_A_LINE),
        ("host.port", host.kind == "local", ON_A_LINE),
        ("host.plain", not _goes_plain(host), "a line to another machine without TLS"),
        ("host.accounts", host.kind != "local", 'host.kind = "local"'),
        ("host.test_amounts", host.kind != "local", 'host.kind = "local"'),
        ("acquirer.profile", host.kind != "acquirer", 'host.kind = "acquirer"'),
        *((f"acquirer.{name}", host.kind == "local", ON_A_LINE) for name in OF_A_LINE),
        ("refund.other_terminals", host.kind == "local", ON_A_LINE),
        ("preauth.other_terminals", host.kind == "local", "an acquirer that others ask, too"),
        ("printer.device", printer.kind == "none", "a printer.kind"),
        ("printer.baud", printer.kind != "serial", 'printer.kind = "serial"'),
        ("display.address", display.bus == "spi", 'display.bus = "i2c"'),
        ("keypad.device", config.keypad.kind == "matrix", 'keypad.kind = "usb"'),
        ("kiosk.items", counter and not shop, 'general.profile = "kiosk" or kiosk.shop = true'),
        ("kiosk.timeout_s", counter and not shop, 'general.profile = "kiosk" or kiosk.shop = true'),
        ("kiosk.pictures", not shop, "kiosk.shop = true"),
        ("kiosk.shop", not config.api.port, "an api.port"),
        ("sale.unusual_history", config.sale.unusual_factor == 0, "a sale.unusual_factor"),
        ("sale.unusual_min_history", config.sale.unusual_factor == 0, "a sale.unusual_factor"),
    ):
        section, _, setting = name.partition(".")
        value = getattr(getattr(config, section), setting)
        if alone and value != getattr(getattr(Config(), section), setting):
            yield name, needs


def warnings_of(settings: Settings) -> list[Mistake]:
    """Settings that work, but probably not as they were meant."""
    return _placed(settings, _warnings(settings))


def _warnings(settings: Settings) -> Iterator[tuple[str, str]]:
    config, host = settings.config, settings.config.host
    for name in ("name", "name_en"):
        missing = face(12).missing(getattr(config.merchant, name))
        if missing:
            signs = " ".join(dict.fromkeys(missing))
            yield f"merchant.{name}", f"the display has no character for {signs}"
    if _goes_plain(host) and host.plain:
        words = f"card numbers go to {host.address} where anybody on the line can read them"
        yield "host.plain", words
    for setting, needs in settings_without_effect(config):
        yield setting, f"has no effect without {needs}"
    if settings.pictures is not None and config.kiosk.shop:
        yield from _picture_warnings(config.kiosk.items, settings.pictures)
    if config.emv.test_keys:
        words = "test CA keys are trusted, whose cards anybody can make: not for trade"
        yield "emv.test_keys", words
    if host.kind == "local" and not host.accounts:
        yield "host.accounts", "no accounts: the embedded host declines every card"


def _picture_warnings(items: Iterable[Item], folder: Path) -> Iterator[tuple[str, str]]:
    """Items of the touch screen's shop that will be shown without their picture."""
    for number, item in enumerate(items, 1):
        if item.picture and not (folder / item.picture).is_file():
            yield f"kiosk.items {number}.picture", f"there is no file {folder / item.picture}"


def printer_address(printer: PrinterSettings) -> str | None:
    """The printer's wire as `hw.printer_link.transport_for` has it; None for no printer."""
    if printer.kind == "none" or _expected_device(printer):
        return None
    if printer.kind == "usb" and not printer.device:
        return f"file:{usb_printer()}"
    device = printer.device or PRINTER_UART.path
    baud = f":{printer.baud}" if printer.kind == "serial" else ""
    return f"{printer.kind}:{device}{baud}"


def usb_printer() -> str:
    """The device of the USB printer where the settings name none; it need not be there yet."""
    return next((path for path in USB_PRINTERS if Path(path).exists()), USB_PRINTERS[-1])


def _reason(error: OSError | ValueError) -> str:
    return getattr(error, "strerror", None) or str(error)


def _expected_device(printer: PrinterSettings) -> str:
    """What `printer.device` should look like, or "" when it is right."""
    if printer.kind == "none" or (printer.kind in ("usb", "serial") and not printer.device):
        return ""
    pattern, words = _DEVICES[printer.kind]
    well = re.fullmatch(pattern, printer.device, re.ASCII) is not None
    if well and printer.kind == "network":
        host, _, port = printer.device.rpartition(":")
        well = is_host(host) and 1 <= int(port) <= 65_535
    return "" if well else words
