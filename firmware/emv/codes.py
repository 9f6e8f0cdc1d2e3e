"""The bits and codes of the Books, by name.

A field of several bytes is one flag enumeration whose value, as a big-endian integer, is the
field: `Tvr.FLOOR_LIMIT_EXCEEDED` is byte 4, bit 8.
"""

from __future__ import annotations

import enum


class Aip(enum.IntFlag):
    """Application Interchange Profile. See EMV 4.4 Book 3, Annex C1."""

    XDA_SUPPORTED = 0x8000
    SDA_SUPPORTED = 0x4000
    DDA_SUPPORTED = 0x2000
    CARDHOLDER_VERIFICATION_SUPPORTED = 0x1000
    TERMINAL_RISK_MANAGEMENT_REQUIRED = 0x0800
    ISSUER_AUTHENTICATION_SUPPORTED = 0x0400
    CDA_SUPPORTED = 0x0100


class Auc(enum.IntFlag):
    """Application Usage Control. See EMV 4.4 Book 3, Annex C2."""

    DOMESTIC_CASH = 0x8000
    INTERNATIONAL_CASH = 0x4000
    DOMESTIC_GOODS = 0x2000
    INTERNATIONAL_GOODS = 0x1000
    DOMESTIC_SERVICES = 0x0800
    INTERNATIONAL_SERVICES = 0x0400
    ATMS = 0x0200
    OTHER_THAN_ATMS = 0x0100
    DOMESTIC_CASHBACK = 0x0080
    INTERNATIONAL_CASHBACK = 0x0040


class CvmCode(enum.IntEnum):
    """Method of a CVM rule, without bits 7 and 8. See EMV 4.4 Book 3, Annex C3."""

    FAIL = 0x00
    PLAINTEXT_PIN = 0x01
    ONLINE_PIN = 0x02
    PLAINTEXT_PIN_AND_SIGNATURE = 0x03
    ENCIPHERED_PIN = 0x04
    ENCIPHERED_PIN_AND_SIGNATURE = 0x05
    SIGNATURE = 0x1E
    NO_CVM = 0x1F


class CvmCondition(enum.IntEnum):
    """When a CVM rule applies. See EMV 4.4 Book 3, Annex C3."""

    ALWAYS = 0x00
    UNATTENDED_CASH = 0x01
    NOT_CASH_NOR_CASHBACK = 0x02
    TERMINAL_SUPPORTS = 0x03
    MANUAL_CASH = 0x04
    CASHBACK = 0x05
    UNDER_X = 0x06
    OVER_X = 0x07
    UNDER_Y = 0x08
    OVER_Y = 0x09


class CvmOutcome(enum.IntEnum):
    """Byte 3 of the CVM Results. See EMV 4.4 Book 4, Annex A4."""

    UNKNOWN = 0x00
    FAILED = 0x01
    SUCCESSFUL = 0x02


CVM_APPLY_SUCCEEDING = 0x40
CVM_NOT_PERFORMED = 0x3F


class Tvr(enum.IntFlag):
    """Terminal Verification Results, five bytes. See EMV 4.4 Book 3, Annex C5."""

    OFFLINE_DATA_AUTHENTICATION_NOT_PERFORMED = 0x80_00_00_00_00
    SDA_FAILED = 0x40_00_00_00_00
    ICC_DATA_MISSING = 0x20_00_00_00_00
    CARD_ON_EXCEPTION_FILE = 0x10_00_00_00_00
    DDA_FAILED = 0x08_00_00_00_00
    CDA_FAILED = 0x04_00_00_00_00
    SDA_SELECTED = 0x02_00_00_00_00
    APPLICATION_VERSIONS_DIFFER = 0x80_00_00_00
    EXPIRED_APPLICATION = 0x40_00_00_00
    APPLICATION_NOT_YET_EFFECTIVE = 0x20_00_00_00
    SERVICE_NOT_ALLOWED = 0x10_00_00_00
    NEW_CARD = 0x08_00_00_00
    CARDHOLDER_VERIFICATION_NOT_SUCCESSFUL = 0x80_00_00
    UNRECOGNISED_CVM = 0x40_00_00
    PIN_TRY_LIMIT_EXCEEDED = 0x20_00_00
    PIN_PAD_NOT_WORKING = 0x10_00_00
    PIN_NOT_ENTERED = 0x08_00_00
    ONLINE_PIN_ENTERED = 0x04_00_00
    FLOOR_LIMIT_EXCEEDED = 0x80_00
    LOWER_CONSECUTIVE_OFFLINE_LIMIT_EXCEEDED = 0x40_00
    UPPER_CONSECUTIVE_OFFLINE_LIMIT_EXCEEDED = 0x20_00
    RANDOMLY_SELECTED = 0x10_00
    MERCHANT_FORCED_ONLINE = 0x08_00
    DEFAULT_TDOL_USED = 0x80
    ISSUER_AUTHENTICATION_FAILED = 0x40
    SCRIPT_FAILED_BEFORE_FINAL_AC = 0x20
    SCRIPT_FAILED_AFTER_FINAL_AC = 0x10


class Tsi(enum.IntFlag):
    """Transaction Status Information, two bytes. See EMV 4.4 Book 3, Annex C6."""

    OFFLINE_DATA_AUTHENTICATION_PERFORMED = 0x8000
    CARDHOLDER_VERIFICATION_PERFORMED = 0x4000
    CARD_RISK_MANAGEMENT_PERFORMED = 0x2000
    ISSUER_AUTHENTICATION_PERFORMED = 0x1000
    TERMINAL_RISK_MANAGEMENT_PERFORMED = 0x0800
    SCRIPT_PROCESSING_PERFORMED = 0x0400


class TerminalCapabilities(enum.IntFlag):
    """Terminal Capabilities, three bytes. See EMV 4.4 Book 4, Annex A2."""

    MANUAL_KEY_ENTRY = 0x80_00_00
    MAGNETIC_STRIPE = 0x40_00_00
    IC_WITH_CONTACTS = 0x20_00_00
    PLAINTEXT_PIN = 0x80_00
    ONLINE_PIN = 0x40_00
    SIGNATURE = 0x20_00
    ENCIPHERED_PIN = 0x10_00
    NO_CVM = 0x08_00
    SDA = 0x80
    DDA = 0x40
    CARD_CAPTURE = 0x20
    CDA = 0x08
    DEFAULT = 0x20_F8_C8


class AdditionalCapabilities(enum.IntFlag):
    """Additional Terminal Capabilities, five bytes. See EMV 4.4 Book 4, Annex A3."""

    CASH = 0x80_00_00_00_00
    GOODS = 0x40_00_00_00_00
    SERVICES = 0x20_00_00_00_00
    CASHBACK = 0x10_00_00_00_00
    NUMERIC_KEYS = 0x80_00_00
    COMMAND_KEYS = 0x20_00_00
    PRINT_ATTENDANT = 0x80_00
    PRINT_CARDHOLDER = 0x40_00
    DISPLAY_ATTENDANT = 0x20_00
    DISPLAY_CARDHOLDER = 0x10_00
    CODE_TABLE_1 = 0x01
    DEFAULT = 0x60_00_A0_F0_01


class AcType(enum.IntEnum):
    """Kinds of application cryptogram: bits 8 and 7 of the CID. See EMV 4.4 Book 3, 6.5.5.4."""

    AAC = 0x00
    TC = 0x40
    ARQC = 0x80
    RFU = 0xC0  # the referral (AAR) of older versions


CDA_REQUESTED = 0x10  # bit 5 of GENERATE AC's reference control parameter, Book 3, 6.5.5.2
CID_REASON_MASK = 0x07


class CidReason(enum.IntEnum):
    """Bits 3 to 1 of the CID. See EMV 4.4 Book 3, 6.5.5.4."""

    NONE = 0
    SERVICE_NOT_ALLOWED = 1
    PIN_TRY_LIMIT_EXCEEDED = 2
    ISSUER_AUTHENTICATION_FAILED = 3


class Arc:
    """Authorisation response codes. See EMV 4.4 Book 4, Annex A6."""

    OFFLINE_APPROVED = "Y1"
    OFFLINE_DECLINED = "Z1"
    UNABLE_OFFLINE_APPROVED = "Y3"
    UNABLE_OFFLINE_DECLINED = "Z3"
    ONLINE_APPROVED = frozenset({"00", "10", "11"})


def names_of(flags: enum.IntFlag) -> list[str]:
    """The names of the bits that are set, high bit first."""
    return [flag.name for flag in type(flags) if flag in flags and flag.name]
