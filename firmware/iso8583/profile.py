"""Profiles of acquirers: what differs from line to line, as data in a TOML file."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct, field

from firmware.core.files import read_text
from firmware.iso8583.codec import Codec, FieldShape

SHIPPED = ("unionpay", "embedded")
REQUESTS = (
    "balance",
    "sale",
    "void",
    "refund",
    "preauth",
    "preauth_void",
    "completion",
    "completion_void",
    "offline",
    "reversal",
    "script",
    "sign_on",
    "sign_off",
    "echo",
    "settlement",
    "upload",
    "upload_chip",
    "upload_end",
)
CONTROLS = ("sign_on", "sign_off", "echo")
UPLOADS = ("upload", "upload_chip", "upload_end")
BY_SIDES_MAX, UPLOADED_MAX = 999, 9_999  # the most that three and four digits count
CHIP_FIELDS = (2, 4, 11, 22, 23, 41, 42, 55, 60, 62, 64)  # of a profile that does not say them
Scheme = Literal["ecb", "x9.9", "x9.19", "sm4"]
Padding = Literal["zeros", "80"]
EntryMode = Annotated[str, Meta(pattern="^[0-9]{3}$")]
NetworkCode = Annotated[str, Meta(pattern="^[0-9]{3}$")]
DETAILS, END_UPLOADED, END_BALANCED = "201", "202", "207"  # network codes of the other 0320


class ProfileError(ValueError):
    """A profile that cannot be used; the message names the file and the place."""


class FrameShape(Struct, frozen=True, forbid_unknown_fields=True):
    """The bytes before the message: 5 of TPDU, 6 of header or none, as hex."""

    tpdu: Annotated[str, Meta(pattern="^[0-9A-Fa-f]{10}$")] = "6000030000"
    header: Annotated[str, Meta(pattern="^(?:[0-9A-Fa-f]{12})?$")] = "603100311003"


class MacShape(Struct, frozen=True, forbid_unknown_fields=True):
    """How field 64 is made."""

    scheme: Scheme = "ecb"
    padding: Padding = "zeros"


class SettlementShape(Struct, frozen=True, forbid_unknown_fields=True):
    """How totals are counted: debit and credit, or each kind of transaction by itself.

    With kinds an answer has a response code, too.
    """

    void_is: Literal["credit", "debit"] = "credit"
    totals: Literal["sides", "kinds"] = "sides"


class MessageShape(Struct, frozen=True, forbid_unknown_fields=True):
    """What requests say of themselves."""

    field_60_digits: Annotated[int, Meta(ge=11, le=19)] = 13
    reader_ability: Annotated[str, Meta(pattern="^[0-9]$")] = "5"  # 6: contactless, too
    key_code: Literal["001", "003", "004"] = "003"  # working keys that a sign-on asks for
    organisation: Annotated[str, Meta(pattern="^(?:[A-Z0-9]{3})?$")] = "CUP"
    """In field 63 of a refund and of answers; "" for none."""
    times: Literal["acquirer", "terminal"] = "acquirer"  # whose fields 12 and 13 are
    original: Literal["short", "full"] = "short"  # field 61: see originals.py
    pin_block_4: Literal[0, 62] = 0  # the field of a PIN block of format 4; 0: there is none
    entry_modes: tuple[EntryMode, EntryMode] = ("051", "052")  # contact chip: with, without a PIN

    def entry_mode(self, *, with_pin: bool) -> str:
        """Field 22 of a card that was read by its contacts."""
        return self.entry_modes[not with_pin]


class UploadShape(Struct, frozen=True, forbid_unknown_fields=True):
    """Network codes (60.3) of chip data: of what was approved online, and of what failed."""

    chip: tuple[NetworkCode, NetworkCode] = ("203", "204")  # of a batch that did not balance
    chip_balanced: tuple[NetworkCode, NetworkCode] = ("203", "204")


class AnswerShape(Struct, frozen=True, forbid_unknown_fields=True):
    """What response codes mean: for a payment, for an advice, for a reversal."""

    approved: tuple[str, ...] = ("00", "11", "A2", "A4", "A5", "A6")
    part: tuple[str, ...] = ("10",)  # field 4 says how much is approved
    remarked: tuple[str, ...] = ("A2", "A4", "A5", "A6")
    doubtful: tuple[str, ...] = ("91", "96", "98", "99", "A0")  # declined, and reversed
    taken: tuple[str, ...] = ("94",)  # of an advice that is repeated: the acquirer has it
    reversed: tuple[str, ...] = ("00", "12", "25")  # end a reversal: nothing stands


class Profile(Struct, frozen=True, forbid_unknown_fields=True):
    """An acquirer's line."""

    name: str
    frame: FrameShape = FrameShape()
    mac: MacShape = MacShape()
    settlement: SettlementShape = SettlementShape()
    upload: UploadShape = UploadShape()
    answers: AnswerShape = AnswerShape()
    messages: MessageShape = MessageShape()
    fields: dict[str, str] = field(default_factory=dict)
    requests: dict[str, tuple[int, ...]] = field(default_factory=dict)

    @property
    def shapes(self) -> dict[int, FieldShape]:
        """The fields by number."""
        return {int(number): FieldShape.of(text) for number, text in self.fields.items()}

    def codec(self) -> Codec:
        """What packs and unpacks the messages."""
        return Codec(f"the profile {self.name}", self.shapes)

    @property
    def batch_max(self) -> int:
        """How many transactions a batch may have: its totals, and the end of its upload, count."""
        return BY_SIDES_MAX if self.settlement.totals == "sides" else UPLOADED_MAX

    def wanted(self, name: str) -> tuple[int, ...] | None:
        """Which fields the request of this name has; None: each that has a value."""
        found = self.requests.get(name)
        if found is None and name == "upload_chip":
            return tuple(number for number in CHIP_FIELDS if str(number) in self.fields)
        return found

    def seals(self, name: str) -> bool:
        """Whether the request of this name, and its answer, have a MAC.

        What moves money has one always; a sign-on cannot, for it brings the keys. `requests` says
        it of settlement and uploads: by default a settlement has none, and uploads have one.
        """
        if name in CONTROLS:
            return False
        wanted = self.wanted(name)
        if name == "settlement":
            return 64 in (wanted or ())
        return name not in UPLOADS or wanted is None or 64 in wanted

    @classmethod
    def shipped(cls, name: str) -> Profile:
        """A profile that comes with the terminal. Raises ProfileError for an unknown name."""
        if name not in SHIPPED:
            raise ProfileError(f"{name}: expected {' or '.join(SHIPPED)}, or a file")
        file = resources.files("firmware.iso8583.profiles").joinpath(f"{name}.toml")
        return cls.from_toml(file.read_text("utf-8"), name)

    @classmethod
    def named(cls, name: str) -> Profile:
        """A shipped profile by its name, or one in a file. Raises ProfileError."""
        if name in SHIPPED or not name.endswith(".toml"):
            return cls.shipped(name)
        try:
            return cls.from_toml(read_text(Path(name)), name)
        except OSError as error:
            raise ProfileError(f"{name}: {error.strerror}") from None
        except UnicodeDecodeError as error:
            raise ProfileError(f"{name}: {error}") from None

    @classmethod
    def from_toml(cls, text: str, name: str) -> Profile:
        """The profile in `text`; `name` stands before what is wrong. Raises ProfileError."""
        try:
            profile: Profile = msgspec.toml.decode(text, type=cls)
        except (msgspec.DecodeError, RecursionError) as error:  # nested without end
            raise ProfileError(f"{name}: {error}") from None
        for number, notation in profile.fields.items():
            if not number.isdecimal() or not 2 <= int(number) <= 64:
                raise ProfileError(f"{name}: fields: expected a number from 2 to 64, not {number}")
            try:
                FieldShape.of(notation)
            except ValueError as error:
                raise ProfileError(f"{name}: fields.{number}: {error}") from None
        for number in ("11", "64"):
            if number not in profile.fields:
                raise ProfileError(f"{name}: fields: {number} is missing")
        profile._check_messages(name)
        profile._check_requests(name)
        profile._check_upload(name)
        return profile

    def _check_messages(self, name: str) -> None:
        """Each field that another key of the profile speaks of is there, and holds what it says."""
        asked, shapes = self.messages, self.shapes
        for key, at_all, number, least in (
            ("messages.times", asked.times == "terminal", 12, "n6"),
            ("messages.times", asked.times == "terminal", 13, "n4"),
            ("messages.original", asked.original == "full", 61, "n..30"),
            ("messages.pin_block_4", asked.pin_block_4 != 0, 62, "b..16"),
            ("settlement.totals", self.settlement.totals == "kinds", 48, "n..111"),
        ):
            found = shapes.get(number)
            if at_all and (found is None or not found.holds(FieldShape.of(least))):
                raise ProfileError(f"{name}: {key}: wants a field {number} of {least} or more")
        field_60 = shapes.get(60)
        if field_60 is not None and field_60.most < asked.field_60_digits:
            words = f"field 60 has {field_60.most} digits at most"
            raise ProfileError(f"{name}: messages.field_60_digits: {words}")

    def _check_requests(self, name: str) -> None:
        least = [11, 41, 42, 60]
        for request, numbers in self.requests.items():
            place = f"{name}: requests.{request}"
            if request not in REQUESTS:
                raise ProfileError(f"{place}: expected one of {', '.join(REQUESTS)}")
            for number in numbers:
                if str(number) not in self.fields:
                    raise ProfileError(f"{place}: field {number} is not among the fields")
            is_timed = self.messages.times == "terminal" and request not in CONTROLS + UPLOADS
            for number in (*least, 12, 13) if is_timed else least:
                if number not in numbers:
                    raise ProfileError(f"{place}: {number} is missing")

    def _check_upload(self, name: str) -> None:
        for key in ("chip", "chip_balanced"):
            codes = getattr(self.upload, key)
            place = f"{name}: upload.{key}"
            if codes[0] == codes[1]:
                raise ProfileError(f"{place}: expected two codes, not {codes[0]} twice")
            for code in codes:
                if code in (DETAILS, END_UPLOADED, END_BALANCED):
                    raise ProfileError(f"{place}: {code} is another message of the upload")
        both = {self.upload.chip[0], self.upload.chip_balanced[0]}
        if both & {self.upload.chip[1], self.upload.chip_balanced[1]}:
            raise ProfileError(f"{name}: upload: one code for approved and for failed")
