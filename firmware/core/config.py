"""The terminal's settings: typed, with defaults. They are read by `firmware.core.config_file`.

Amounts are integers of minor units. What a setting means stands behind its type and limits.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from firmware.core.config_across import Mistake
from firmware.core.config_kiosk import Kiosk
from firmware.core.config_section import AmountMinor, FileName, Port, Seconds, Section, says
from firmware.core.config_served import Api, Metrics
from firmware.core.kinds import COMPLETION_PERCENT_MAX, HOLD_DAYS
from firmware.core.money import CURRENCIES, Currency

Count = Annotated[int, Meta(ge=0, le=1_000_000)]
ShownName = Annotated[str, Meta(min_length=1, max_length=40)]
ListedCard = Annotated[str, Meta(pattern="^[0-9]{8,19}( [0-9]{2})?$", extra={"secret": True})]


class Merchant(Section, frozen=True):
    """Whose terminal this is, as idle, amount check and receipts say it."""

    name: Annotated[ShownName, says("on idle, on the amount check and on receipts")] = "幸福小店"
    name_en: Annotated[ShownName, says("the same in English")] = "HAPPY STORE"
    number: Annotated[
        str,
        Meta(pattern="^[0-9A-Z]{15}$"),
        says("the acquirer's merchant number, 15 digits or capitals"),
    ] = "104110054110001"
    store: Annotated[
        str,
        Meta(pattern="^[0-9A-Za-z-]{1,8}$"),
        says("the store's label, up to 8 letters, digits or dashes"),
    ] = "S01"
    terminal: Annotated[
        str, Meta(pattern="^[0-9A-Z]{8}$"), says("the terminal number, 8 digits or capitals")
    ] = "10000001"
    phone: Annotated[str, Meta(max_length=30), says("printed at the foot of receipts")] = ""
    terms: Annotated[
        str, Meta(max_length=200), says("refund terms on the cardholder copy of a sale")
    ] = "凭签购单90天内可退货"
    terms_en: Annotated[str, Meta(max_length=200), says("the same in English")] = (
        "Refund: 90 days, this receipt"
    )
    acquirer: Annotated[
        str, Meta(max_length=40), says("the acquirer's name (收单机构), printed where set")
    ] = ""


class General(Section, frozen=True):
    """Language, money, place on disk."""

    language: Annotated[
        Literal["zh_CN", "en"], says("of the display at start; # at idle changes it")
    ] = "zh_CN"
    currency: Annotated[str, says("ISO 4217 letters; the currency of every amount")] = "CNY"
    country: Annotated[str, Meta(pattern="^[0-9]{3}$"), says("ISO 3166-1 number")] = "156"
    data_dir: Annotated[FileName, says("journal, keys, operators; relative to this file")] = (
        "pos-data"
    )
    idle_timeout_s: Annotated[Seconds, says("every screen goes back to idle after this")] = 60
    profile: Annotated[
        Literal["counter", "kiosk"], says("who uses it: a cashier, or customers alone")
    ] = "counter"


class Check(Section, frozen=True):
    """The amount check."""

    min_view_ms: Annotated[
        int,
        Meta(ge=300, le=10_000),
        says("ENTER counts no sooner than this after the amount was shown"),
    ] = 600


class Sale(Section, frozen=True):
    """Limits and guards of a sale. A limit of 0 is no limit."""

    max_amount: Annotated[AmountMinor, says('the largest sale; "0.00" is no limit')] = 5_000_000
    double_check_over: Annotated[AmountMinor, says("larger amounts are keyed twice")] = 500_000
    day_limit: Annotated[
        AmountMinor, says('the most for all sales of a day; "0.00" is no limit')
    ] = 0
    card_day_limit: Annotated[
        AmountMinor, says('the most for one card\'s sales of a day; "0.00" is no limit')
    ] = 0
    unusual_factor: Annotated[
        int,
        Meta(ge=0, le=1000),
        says("a sale of so many times the median is unusual; 0: no warning"),
    ] = 10
    unusual_history: Annotated[
        int, Meta(ge=1, le=1000), says("how many of the last sales the median is of")
    ] = 50
    unusual_min_history: Annotated[
        int, Meta(ge=1, le=1000), says("no warning before there were so many sales")
    ] = 5
    duplicate_window_s: Annotated[
        int, Meta(ge=0, le=86_400), says("same card and amount within this: the display asks")
    ] = 300
    always_online: Annotated[bool, says("no sale is approved offline, at any floor limit")] = False
    undo_s: Annotated[
        int, Meta(ge=0, le=600), says("how long an approved sale can be undone at once")
    ] = 30


class Void(Section, frozen=True):
    """消费撤销."""

    pin: Annotated[bool, says("a void asks for the card's PIN")] = True


class Refund(Section, frozen=True):
    """退货. A limit of 0 is no limit."""

    window_days: Annotated[int, Meta(ge=1, le=3650), says("older sales are not refunded")] = 90
    pin: Annotated[bool, says("a refund asks for the card's PIN")] = False
    other_terminals: Annotated[
        bool, says("refund what another terminal of this merchant sold; the acquirer decides")
    ] = False
    cashier_limit: Annotated[
        AmountMinor, says('of one refund by a cashier; "0.00" is no limit')
    ] = 0
    supervisor_limit: Annotated[
        AmountMinor, says('of one refund by the supervisor; "0.00" is no limit')
    ] = 0
    day_limit: Annotated[AmountMinor, says('of all refunds of a day; "0.00" is no limit')] = 0


class Preauth(Section, frozen=True):
    """预授权."""

    completion_percent: Annotated[
        int,
        Meta(ge=100, le=COMPLETION_PERCENT_MAX),
        says("the most that a completion charges, of what is held"),
    ] = COMPLETION_PERCENT_MAX
    window_days: Annotated[
        int, Meta(ge=1, le=365), says("older holds lapse, and are not completed")
    ] = HOLD_DAYS
    pin: Annotated[bool, says("completion and voids ask for the PIN that the hold asked for")] = (
        True
    )
    other_terminals: Annotated[
        bool, says("complete or void another terminal's holds, too; the acquirer decides")
    ] = False


class Batch(Section, frozen=True):
    """How many transactions a batch takes."""

    warn_at: Annotated[Count, says("from so many transactions on, idle asks to settle")] = 450
    full_at: Annotated[
        int, Meta(ge=1, le=999_999), says("with so many transactions a batch takes no more")
    ] = 500


class Host(Section, frozen=True):
    """Who authorises: the embedded host, or an acquirer at the end of a line."""

    kind: Annotated[
        Literal["local", "tcp", "acquirer"],
        says(
            "local: the embedded acquirer; tcp: a line with the embedded acquirer's"
            " messages; acquirer: a line with those of acquirer.profile"
        ),
    ] = "local"
    accounts: Annotated[
        FileName, says("local: file of the cards' accounts, mode 0600; relative to this file")
    ] = ""
    test_amounts: Annotated[
        bool, says("the last two digits of an amount are the response code")
    ] = False
    timeout_s: Annotated[Seconds, says("no answer within this leads to a reversal")] = 30
    address: Annotated[str, says("not local: name or IP address of the host")] = ""
    port: Annotated[Port, says("not local: its port")] = 0
    tls: Annotated[bool, says("not local: over TLS; the host's certificate must have its name")] = (
        False
    )
    tls_ca: Annotated[
        FileName,
        says("file of the authority that signed it; the system's if empty; relative to this"),
    ] = ""
    plain: Annotated[
        bool, says("go without TLS to another machine: card numbers can be read on the line")
    ] = False
    pin_block: Annotated[
        Literal[0, 4], says("ISO 9564 format: 0 under 3DES in field 52, 4 under AES in field 62")
    ] = 0
    reversal_retry_s: Annotated[
        Seconds, says("a reversal that is owed is tried again after this")
    ] = 60
    reversal_fault_after: Annotated[
        int, Meta(ge=1, le=1000), says("after so many tries a fault slip is printed")
    ] = 3


class Acquirer(Section, frozen=True):
    """An acquirer's line, of host.kind acquirer or tcp; its address, port and TLS are in [host]."""

    profile: Annotated[
        FileName, says('"unionpay", "embedded", or a file (.toml), relative to this')
    ] = "unionpay"
    tpdu: Annotated[
        str,
        Meta(pattern="^([0-9A-Fa-f]{10})?$"),
        says("10 hex digits such as 6000030000; the profile's if empty"),
    ] = ""
    header: Annotated[
        str,
        Meta(pattern="^([0-9A-Fa-f]{12})?$"),
        says("12 hex digits such as 603100311003; the profile's if empty"),
    ] = ""
    keep_line: Annotated[bool, says("one connection for all messages, instead of one for each")] = (
        False
    )
    chip_data: Annotated[
        Literal["unbalanced", "always", "never"],
        says(
            "when a settlement uploads the chip's data (TC) of what was approved"
            " online or declined by the card"
        ),
    ] = "unbalanced"
    chip_in_details: Annotated[
        bool,
        says(
            "transactions whose chip's data are uploaded stand among the details"
            " of an upload (field 48), too"
        ),
    ] = True


class PrinterSettings(Section, frozen=True):
    """The thermal printer."""

    kind: Annotated[
        Literal["usb", "serial", "network", "file", "none"], says("how it is connected")
    ] = "usb"
    model: Annotated[str, says('such as "TM-T88III": sets what is "auto" below')] = ""
    width_mm: Annotated[Literal["auto", 58, 80], says("of the paper")] = "auto"
    mode: Annotated[
        Literal["auto", "native", "mixed", "raster"],
        says("the printer's own characters, hanzi as dots among them, or all as dots"),
    ] = "auto"
    device: Annotated[
        str,
        says(
            'usb "0416:5011", serial "/dev/ttyUSB0", network "192.0.2.7:9100",'
            ' file "/dev/usb/lp0"; usb and serial may leave it empty: the USB printer there is,'
            " or the header's port"
        ),
    ] = ""
    baud: Annotated[int, says("of a serial line")] = 19_200
    xonxoff: Annotated[
        Literal["auto"] | bool, says("serial: the printer may stop the line; true or false")
    ] = "auto"
    cutter: Annotated[Literal["auto"] | bool, says("whether it cuts paper; true or false")] = "auto"
    qr: Annotated[
        Literal["auto"] | bool, says("whether it draws QR codes by itself; true or false")
    ] = "auto"
    status: Annotated[
        Literal["auto", "dle-eot", "gs-r", "esc-v", "none"], says("how its status is asked for")
    ] = "auto"


class DisplaySettings(Section, frozen=True):
    """The OLED."""

    chip: Annotated[Literal["ssd1306", "sh1106", "ssd1309"], says("the OLED's controller")] = (
        "ssd1306"
    )
    bus: Annotated[Literal["i2c", "spi"], says("how it is wired")] = "i2c"
    port: Annotated[int, Meta(ge=0, le=20), says("N of /dev/i2c-N")] = 1
    address: Annotated[int, Meta(ge=0, le=0x7F), says("on the I²C bus")] = 0x3C
    rotate: Annotated[Literal[0, 2], says("quarter turns")] = 0
    brightness: Annotated[int, Meta(ge=1, le=255), says("drive current")] = 160


class ReaderSettings(Section, frozen=True):
    """The card reader, found by a part of its PC/SC name; the first one if empty."""

    name: Annotated[str, says("a part of the reader's PC/SC name; the first reader if empty")] = ""


class KeypadSettings(Section, frozen=True):
    """The keys: the 4×4 matrix on the header, or a numeric keypad on USB."""

    kind: Annotated[
        Literal["matrix", "usb"], says("the 4×4 matrix on the header, or a numeric keypad")
    ] = "matrix"
    device: Annotated[str, says("usb: /dev/input/event… or a link to it")] = "/dev/pos-keypad"


class SignalsSettings(Section, frozen=True):
    """Optional extras on the header; one that is not there is silent."""

    buzzer: Annotated[
        bool, says("an active buzzer: sounds for a refused key, and for attention")
    ] = False
    lights: Annotated[bool, says("green while the terminal trades, red while it does not")] = False


class Emv(Section, frozen=True):
    """The kernel's own data."""

    ca_keys: Annotated[
        FileName,
        says("file of scheme CA public keys besides the shipped ones; relative to this file"),
    ] = ""
    test_keys: Annotated[
        bool, says("take test and expired CA keys too: never where anything is sold")
    ] = False
    revoked: Annotated[
        FileName, says("file of revoked issuer certificates: RID, index, serial number; as above")
    ] = ""
    exceptions: Annotated[
        tuple[ListedCard, ...],
        says("cards never approved without the host: PAN, or PAN and sequence number"),
    ] = ()


class Keys(Section, frozen=True):
    """Where keys of the terminal lie that are not to be on its SD card."""

    card: Annotated[
        FileName,
        says(
            "file of the card key on another medium, such as a stick or what systemd"
            " gives from a TPM; the data directory holds a link to it; relative to this file"
        ),
    ] = ""


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All settings."""

    merchant: Merchant = Merchant()
    general: General = General()
    check: Check = Check()
    sale: Sale = Sale()
    void: Void = Void()
    refund: Refund = Refund()
    preauth: Preauth = Preauth()
    batch: Batch = Batch()
    host: Host = Host()
    acquirer: Acquirer = Acquirer()
    printer: PrinterSettings = PrinterSettings()
    display: DisplaySettings = DisplaySettings()
    reader: ReaderSettings = ReaderSettings()
    keypad: KeypadSettings = KeypadSettings()
    signals: SignalsSettings = SignalsSettings()
    metrics: Metrics = Metrics()
    api: Api = Api()
    emv: Emv = Emv()
    keys: Keys = Keys()
    kiosk: Kiosk = Kiosk()

    @property
    def currency(self) -> Currency:
        """The currency of every amount."""
        return CURRENCIES[self.general.currency]

    def files_named(self) -> dict[str, str]:
        """What every setting that is the name of a file or folder says, by its key."""
        return {
            f"{place}.{name}": getattr(section, name)
            for place in self.__struct_fields__
            for section in (getattr(self, place),)
            for name, hint in type(section).__annotations__.items()
            if "FileName" in hint
        }


class ConfigError(ValueError):
    """A configuration that cannot be used; `mistakes` names every one."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        super().__init__("; ".join(map(str, mistakes)))
        self.mistakes = mistakes
