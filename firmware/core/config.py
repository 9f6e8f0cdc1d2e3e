"""The terminal's settings: typed, with defaults, read from TOML; every mistake has its place.

Amounts are integers of minor units; a string such as "500.00" is major units of the currency.
"""

from __future__ import annotations

import ipaddress
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_type_hints

import msgspec
from msgspec import Struct

from firmware.core.files import read_text
from firmware.core.money import CURRENCIES, MINOR_MAX, Currency, minor_of

AmountMinor = Annotated[int, msgspec.Meta(ge=0, le=MINOR_MAX, extra={"amount": True})]
Seconds = Annotated[int, msgspec.Meta(ge=1, le=86_400)]
Count = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]
_CARD = msgspec.Meta(pattern="^[0-9]{8,19}( [0-9]{2})?$", extra={"secret": True})
ListedCard = Annotated[str, _CARD]


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One table of the configuration file."""


class Merchant(Section, frozen=True):
    """Whose terminal this is, as idle, amount check and vouchers say it."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=40)] = "幸福小店"
    name_en: Annotated[str, msgspec.Meta(min_length=1, max_length=40)] = "HAPPY STORE"
    number: Annotated[str, msgspec.Meta(pattern="^[0-9A-Z]{15}$")] = "104110054110001"
    store: Annotated[str, msgspec.Meta(pattern="^[0-9A-Za-z-]{1,8}$")] = "S01"
    terminal: Annotated[str, msgspec.Meta(pattern="^[0-9A-Z]{8}$")] = "10000001"
    phone: Annotated[str, msgspec.Meta(max_length=30)] = ""
    terms: Annotated[str, msgspec.Meta(max_length=200)] = "凭签购单90天内可退货"
    terms_en: Annotated[str, msgspec.Meta(max_length=200)] = "Refund within 90 days with slip"


class General(Section, frozen=True):
    """Language, money, place on disk."""

    language: Literal["zh_CN", "en"] = "zh_CN"
    currency: str = "CNY"
    country: Annotated[str, msgspec.Meta(pattern="^[0-9]{3}$")] = "156"  # ISO 3166-1 numeric
    data_dir: str = "pos-data"
    idle_timeout_s: Seconds = 60  # every screen goes back to idle after this
    profile: Literal["counter", "kiosk"] = "counter"


class Check(Section, frozen=True):
    """The amount check."""

    min_view_ms: Annotated[int, msgspec.Meta(ge=300, le=10_000)] = 600


class Sale(Section, frozen=True):
    """Limits and guards of a sale. A limit of 0 is no limit."""

    max_amount: AmountMinor = 5_000_000
    double_check_over: AmountMinor = 500_000
    day_limit: AmountMinor = 0
    card_day_limit: AmountMinor = 0
    unusual_factor: Annotated[int, msgspec.Meta(ge=0, le=1000)] = 10  # 0 switches it off
    unusual_history: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 50
    unusual_min_history: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 5
    duplicate_window_s: Annotated[int, msgspec.Meta(ge=0, le=86_400)] = 300
    always_online: bool = False  # no card approves by itself, whatever its floor limit
    undo_s: Annotated[int, msgspec.Meta(ge=0, le=600)] = 30


class Void(Section, frozen=True):
    """消费撤销."""

    pin: bool = True


class Refund(Section, frozen=True):
    """退货. A limit of 0 is no limit."""

    window_days: Annotated[int, msgspec.Meta(ge=1, le=3650)] = 90
    pin: bool = False
    cashier_limit: AmountMinor = 0
    supervisor_limit: AmountMinor = 0
    day_limit: AmountMinor = 0


class Batch(Section, frozen=True):
    """How many transactions a batch takes."""

    warn_at: Count = 450
    full_at: Annotated[int, msgspec.Meta(ge=1, le=999_999)] = 500


class Host(Section, frozen=True):
    """Who authorises. `local` is the embedded host; `tcp` a host that speaks ISO 8583."""

    kind: Literal["local", "tcp"] = "local"
    accounts: str = ""  # local: the file of the cards' accounts, beside the configuration
    test_amounts: bool = False  # the last two digits of the amount are the response code
    timeout_s: Seconds = 30
    address: str = ""
    port: Annotated[int, msgspec.Meta(ge=0, le=65_535)] = 0
    tls: bool = False
    tls_ca: str = ""
    plain: bool = False  # a line to another machine goes without TLS, and somebody knows it
    pin_block: Literal[0, 4] = 0
    reversal_retry_s: Seconds = 60
    reversal_fault_after: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 3


class Printer(Section, frozen=True):
    """The thermal printer."""

    kind: Literal["usb", "serial", "network", "file", "none"] = "usb"
    width_mm: Literal[58, 80] = 58
    mode: Literal["native", "raster"] = "native"
    device: str = ""  # by kind "0416:5011", "/dev/ttyUSB0", "192.0.2.7:9100", "/dev/usb/lp0"
    baud: int = 19_200
    cutter: bool = False
    qr: bool = True


class Display(Section, frozen=True):
    """The OLED."""

    chip: Literal["ssd1306", "sh1106", "ssd1309"] = "ssd1306"
    bus: Literal["i2c", "spi"] = "i2c"
    port: Annotated[int, msgspec.Meta(ge=0, le=20)] = 1
    address: Annotated[int, msgspec.Meta(ge=0, le=0x7F)] = 0x3C
    rotate: Literal[0, 2] = 0
    brightness: Annotated[int, msgspec.Meta(ge=1, le=255)] = 160


class Reader(Section, frozen=True):
    """The card reader, found by a part of its PC/SC name; the first one if empty."""

    name: str = ""


class Keypad(Section, frozen=True):
    """The keys: the 4×4 matrix on the header, or a numeric keypad on USB."""

    kind: Literal["matrix", "usb"] = "matrix"
    device: str = "/dev/pos-keypad"


class Signals(Section, frozen=True):
    """Optional extras on the header; one that is not there is silent."""

    buzzer: bool = False
    lights: bool = False


class Metrics(Section, frozen=True):
    """What Prometheus may read on the loopback; nothing where `port` is 0."""

    port: Annotated[int, msgspec.Meta(ge=0, le=65_535)] = 0


class Api(Section, frozen=True):
    """The local API for tills and kiosks; it is off where `port` is 0."""

    port: Annotated[int, msgspec.Meta(ge=0, le=65_535)] = 0
    listen: str = "127.0.0.1"  # beyond this machine only with TLS
    hosts: tuple[str, ...] = ()  # further names by which a request may call this terminal
    origins: tuple[str, ...] = ()  # of pages elsewhere that may ask, as "https://shop.example"
    receipts: Literal["print", "ask", "till"] = "print"  # of a till's orders


class Emv(Section, frozen=True):
    """The kernel's own data."""

    ca_keys: str = ""
    test_keys: bool = False  # take test CA keys too: for anything but trade
    revoked: str = ""
    exceptions: tuple[ListedCard, ...] = ()


ITEM_COLUMNS = 20  # a row of the amount check, where an item's name stands in full


class Item(Section, frozen=True):
    """One thing that a kiosk sells, and its key."""

    key: Annotated[str, msgspec.Meta(pattern="^[1-9]$")] = "1"
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=12)] = "?"
    price: AmountMinor = 0


class Kiosk(Section, frozen=True):
    """The unattended terminal: what it sells, and how soon it waits for the next customer."""

    items: tuple[Item, ...] = ()
    timeout_s: Seconds = 20  # in place of general.idle_timeout_s


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All settings."""

    merchant: Merchant = Merchant()
    general: General = General()
    check: Check = Check()
    sale: Sale = Sale()
    void: Void = Void()
    refund: Refund = Refund()
    batch: Batch = Batch()
    host: Host = Host()
    printer: Printer = Printer()
    display: Display = Display()
    reader: Reader = Reader()
    keypad: Keypad = Keypad()
    signals: Signals = Signals()
    metrics: Metrics = Metrics()
    api: Api = Api()
    emv: Emv = Emv()
    kiosk: Kiosk = Kiosk()

    @property
    def currency(self) -> Currency:
        """The currency of every amount."""
        return CURRENCIES[self.general.currency]


class Mistake(Struct, frozen=True):
    """One thing wrong in a configuration: where, and what was expected."""

    place: str
    expected: str

    def __str__(self) -> str:
        return f"{self.place}: {self.expected}"


class ConfigError(ValueError):
    """A configuration that cannot be used; `mistakes` names every one."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        super().__init__("; ".join(map(str, mistakes)))
        self.mistakes = mistakes


def load(path: Path) -> Config:
    """Read the file at `path`. Raises ConfigError naming file, key and what was expected."""
    try:
        tables = tomllib.loads(read_text(path))
    except OSError as error:
        raise ConfigError([Mistake(str(path), error.strerror or "cannot be read")]) from None
    except (ValueError, RecursionError) as error:  # no TOML, no UTF-8, nested without end
        raise ConfigError([Mistake(str(path), f"not TOML: {error}")]) from None
    return from_tables(tables, source=str(path))


def from_tables(tables: Mapping[str, Any], *, source: str) -> Config:
    """Build the settings from TOML tables. Raises ConfigError with every mistake."""
    mistakes: list[Mistake] = []
    sections: dict[str, Section] = {}
    currency = _currency_named(tables)
    kinds = get_type_hints(Config)
    for name, table in tables.items():
        place = f"{source}: [{name}]"
        if name not in kinds:
            mistakes.append(Mistake(place, f"no such section; there are {', '.join(kinds)}"))
        elif not isinstance(table, Mapping):
            mistakes.append(Mistake(f"{source}: {name}", "expected a section"))
        else:
            section = _section(kinds[name], table, f"{source}: {name}", currency, mistakes)
            if section is not None:
                sections[name] = section
    if mistakes:
        raise ConfigError(mistakes)
    config = Config(**sections)  # type: ignore[arg-type]  # each section was made for its key
    mistakes = _across(config, source)
    if mistakes:
        raise ConfigError(mistakes)
    return config


def with_setting(config: Config, key: str, value: Any, *, source: str) -> Config:
    """The settings with one `section.name` replaced. Raises ConfigError."""
    tables = msgspec.to_builtins(config)
    section, _, name = _full_key(key, tables).partition(".")
    if not name or section not in tables or name not in tables[section]:
        raise ConfigError([Mistake(f"{source}: {key}", "no such setting")])
    tables[section][name] = value
    return from_tables(tables, source=source)


def set_from_text(config: Config, key: str, text: str, *, source: str) -> Config:
    """The settings with one replaced by what `text` says, typed as the setting is.

    Raises ConfigError.
    """
    plain = text.strip('"')
    if plain.startswith("["):
        return with_setting(config, key, _listed(plain, f"{source}: {key}"), source=source)
    if plain in ("true", "yes", "on", "false", "no", "off"):
        return with_setting(config, key, plain in ("true", "yes", "on"), source=source)
    try:
        return with_setting(config, key, plain, source=source)
    except ConfigError:
        if not plain.lstrip("-").isdigit():
            raise
        return with_setting(config, key, int(plain), source=source)


def _listed(text: str, place: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([Mistake(place, f"not TOML: {error}")]) from None


def _full_key(key: str, tables: Mapping[str, Mapping[str, Any]]) -> str:
    """`double_check_over` is `sale.double_check_over` where only one section knows the name."""
    sections = [name for name, table in tables.items() if key in table]
    return f"{sections[0]}.{key}" if len(sections) == 1 else key


def _section(
    kind: type[Section],
    table: Mapping[str, Any],
    place: str,
    currency: Currency,
    mistakes: list[Mistake],
) -> Section | None:
    """One section, each key on its own so that one mistake does not hide the next."""
    fields = get_type_hints(kind, include_extras=True)
    values: dict[str, Any] = {}
    before = len(mistakes)
    for name, raw in table.items():
        if name not in fields:
            mistakes.append(Mistake(f"{place}.{name}", f"unknown; known are {', '.join(fields)}"))
            continue
        if fields[name] == tuple[Item, ...]:
            values[name] = _items(raw, f"{place}.{name}", currency, mistakes)
            continue
        try:
            written = isinstance(raw, str) and _is_amount(fields[name])
            value = minor_of(raw, currency) if written else raw
            values[name] = msgspec.convert(value, fields[name])
        except (msgspec.ValidationError, ValueError) as error:
            mistakes.append(Mistake(f"{place}.{name}", f"{error}"))
    return kind(**values) if len(mistakes) == before else None


def _items(raw: Any, place: str, currency: Currency, mistakes: list[Mistake]) -> tuple[Item, ...]:
    """The tables of a price list, each held to the rules of a section."""
    if not isinstance(raw, (list, tuple)) or not all(isinstance(each, Mapping) for each in raw):
        mistakes.append(Mistake(place, "expected [[kiosk.items]] tables"))
        return ()
    items = []
    for number, table in enumerate(raw, 1):
        here = f"{place} {number}"
        mistakes += [
            Mistake(f"{here}.{name}", "missing")
            for name in Item.__struct_fields__
            if name not in table
        ]
        item = _section(Item, table, here, currency, mistakes)
        if isinstance(item, Item):
            items.append(item)
    return tuple(items)


def _is_amount(hint: Any) -> bool:
    return any(
        isinstance(meta, msgspec.Meta) and (meta.extra or {}).get("amount")
        for meta in getattr(hint, "__metadata__", ())
    )


def _currency_named(tables: Mapping[str, Any]) -> Currency:
    """By which amounts are read; an unknown one is a mistake of its own, named elsewhere."""
    general = tables.get("general")
    name = general.get("currency") if isinstance(general, Mapping) else None
    return CURRENCIES.get(str(name), Config().currency)


def _across(config: Config, source: str) -> list[Mistake]:
    """Mistakes that only two settings together make."""
    mistakes = []
    if config.general.currency not in CURRENCIES:
        known = ", ".join(CURRENCIES)
        mistakes.append(Mistake(f"{source}: general.currency", f"expected one of {known}"))
    if config.batch.warn_at >= config.batch.full_at:
        mistakes.append(Mistake(f"{source}: batch.warn_at", "expected less than batch.full_at"))
    if config.host.kind == "tcp" and not (config.host.address and config.host.port):
        mistakes.append(Mistake(f"{source}: host.address", "expected address and port for tcp"))
    return mistakes + _across_api(config, source) + _across_kiosk(config, source)


def _across_api(config: Config, source: str) -> list[Mistake]:
    """Where the API listens is an address, not a name that may become another one."""
    try:
        ipaddress.ip_address(config.api.listen)
    except ValueError:
        return [Mistake(f"{source}: api.listen", "expected an IP address, as 127.0.0.1")]
    return []


def _across_kiosk(config: Config, source: str) -> list[Mistake]:
    """A price list has each key once, and nothing on it that could never be sold."""
    items, most = config.kiosk.items, config.sale.max_amount
    mistakes = []
    if config.general.profile == "kiosk" and not items:
        words = "expected at least one item: a kiosk takes no keyed amounts"
        mistakes.append(Mistake(f"{source}: kiosk.items", words))
    for number, item in enumerate(items, 1):
        place = f"{source}: kiosk.items {number}"
        if any(item.key == other.key for other in items[: number - 1]):
            mistakes.append(Mistake(f"{place}.key", f"{item.key} is another item's"))
        if sum(1 if character.isascii() else 2 for character in item.name) > ITEM_COLUMNS:
            words = f"expected at most {ITEM_COLUMNS} columns, two a Chinese character"
            mistakes.append(Mistake(f"{place}.name", words))
        if item.price == 0:
            mistakes.append(Mistake(f"{place}.price", "expected more than nothing"))
        if most and item.price > most:
            mistakes.append(Mistake(f"{place}.price", "expected at most sale.max_amount"))
    return mistakes
