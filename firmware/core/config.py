"""The terminal's settings: typed, with defaults. They are read by `firmware.core.config_file`.

Amounts are integers of minor units.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Struct

from firmware.core.money import CURRENCIES, MINOR_MAX, Currency

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


class Emv(Section, frozen=True):
    """The kernel's own data."""

    ca_keys: str = ""
    test_keys: bool = False  # take test CA keys too: for anything but trade
    revoked: str = ""
    exceptions: tuple[ListedCard, ...] = ()


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
