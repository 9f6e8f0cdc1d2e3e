"""Every data object the kernel knows, as one table: tag, name, format, length and source.

Lengths are of the value, in bytes. The objects of the Books stand in Book 3, Annex A; those of a
payment system say whose they are in their name.
"""

from __future__ import annotations

import enum
from typing import Self


class Format(enum.Enum):
    """How a value is coded. See EMV 4.4 Book 3, 4.3."""

    A = "a"
    AN = "an"
    ANS = "ans"
    B = "b"
    CN = "cn"
    N = "n"
    VAR = "var."


class TagSource(enum.Enum):
    """Who gives the data object."""

    ICC = "ICC"
    TERMINAL = "Terminal"
    ISSUER = "Issuer"


_A, _AN, _ANS, _B, _CN, _N, _V = Format
_ICC, _TERM, _ISS = TagSource


class Tag(enum.IntEnum):
    """A data object by the name the Books give it. See EMV 4.4 Book 3, Annex A."""

    _value_: int
    label: str
    format: Format
    length_min: int
    length_max: int
    source: TagSource

    def __new__(
        cls, tag: int, label: str, form: Format, lengths: tuple[int, int], source: TagSource
    ) -> Self:
        """One row of the table."""
        self = int.__new__(cls, tag)
        self._value_ = tag
        self.label = label
        self.format = form
        self.length_min, self.length_max = lengths
        self.source = source
        return self

    ISSUER_IDENTIFICATION_NUMBER = 0x42, "Issuer Identification Number (IIN)", _N, (3, 3), _ICC
    ADF_NAME = 0x4F, "Application Dedicated File (ADF) Name", _B, (5, 16), _ICC
    APPLICATION_LABEL = 0x50, "Application Label", _ANS, (1, 16), _ICC
    TRACK_1_DATA = 0x56, "Track 1 Data", _ANS, (0, 76), _ICC
    TRACK_2_EQUIVALENT_DATA = 0x57, "Track 2 Equivalent Data", _B, (1, 19), _ICC
    APPLICATION_PAN = 0x5A, "Application Primary Account Number (PAN)", _CN, (4, 10), _ICC
    CARDHOLDER_NAME = 0x5F20, "Cardholder Name", _ANS, (2, 26), _ICC
    APPLICATION_EXPIRATION_DATE = 0x5F24, "Application Expiration Date", _N, (3, 3), _ICC
    APPLICATION_EFFECTIVE_DATE = 0x5F25, "Application Effective Date", _N, (3, 3), _ICC
    ISSUER_COUNTRY_CODE = 0x5F28, "Issuer Country Code", _N, (2, 2), _ICC
    TRANSACTION_CURRENCY_CODE = 0x5F2A, "Transaction Currency Code", _N, (2, 2), _TERM
    LANGUAGE_PREFERENCE = 0x5F2D, "Language Preference", _AN, (2, 8), _ICC
    SERVICE_CODE = 0x5F30, "Service Code", _N, (2, 2), _ICC
    APPLICATION_PAN_SEQUENCE_NUMBER = 0x5F34, "Application PAN Sequence Number", _N, (1, 1), _ICC
    TRANSACTION_CURRENCY_EXPONENT = 0x5F36, "Transaction Currency Exponent", _N, (1, 1), _TERM
    ISSUER_URL = 0x5F50, "Issuer URL", _ANS, (0, 255), _ICC
    IBAN = 0x5F53, "International Bank Account Number (IBAN)", _V, (0, 34), _ICC
    BANK_IDENTIFIER_CODE = 0x5F54, "Bank Identifier Code (BIC)", _V, (8, 11), _ICC
    ISSUER_COUNTRY_CODE_ALPHA2 = 0x5F55, "Issuer Country Code (alpha2)", _A, (2, 2), _ICC
    ISSUER_COUNTRY_CODE_ALPHA3 = 0x5F56, "Issuer Country Code (alpha3)", _A, (3, 3), _ICC
    ACCOUNT_TYPE = 0x5F57, "Account Type", _N, (1, 1), _TERM
    APPLICATION_TEMPLATE = 0x61, "Application Template", _B, (0, 252), _ICC
    FCI_TEMPLATE = 0x6F, "File Control Information (FCI) Template", _V, (0, 252), _ICC
    READ_RECORD_TEMPLATE = 0x70, "READ RECORD Response Message Template", _V, (0, 252), _ICC
    ISSUER_SCRIPT_TEMPLATE_1 = 0x71, "Issuer Script Template 1", _B, (0, 255), _ISS
    ISSUER_SCRIPT_TEMPLATE_2 = 0x72, "Issuer Script Template 2", _B, (0, 255), _ISS
    DIRECTORY_DISCRETIONARY_TEMPLATE = 0x73, "Directory Discretionary Template", _V, (0, 252), _ICC
    RESPONSE_TEMPLATE_2 = 0x77, "Response Message Template Format 2", _V, (0, 255), _ICC
    RESPONSE_TEMPLATE_1 = 0x80, "Response Message Template Format 1", _V, (0, 255), _ICC
    AMOUNT_AUTHORISED_BINARY = 0x81, "Amount, Authorised (Binary)", _B, (4, 4), _TERM
    APPLICATION_INTERCHANGE_PROFILE = 0x82, "Application Interchange Profile", _B, (2, 2), _ICC
    COMMAND_TEMPLATE = 0x83, "Command Template", _B, (0, 255), _TERM
    DF_NAME = 0x84, "Dedicated File (DF) Name", _B, (5, 16), _ICC
    ISSUER_SCRIPT_COMMAND = 0x86, "Issuer Script Command", _B, (4, 261), _ISS
    APPLICATION_PRIORITY_INDICATOR = 0x87, "Application Priority Indicator", _B, (1, 1), _ICC
    SHORT_FILE_IDENTIFIER = 0x88, "Short File Identifier (SFI)", _B, (1, 1), _ICC
    AUTHORISATION_CODE = 0x89, "Authorisation Code", _V, (6, 6), _ISS
    AUTHORISATION_RESPONSE_CODE = 0x8A, "Authorisation Response Code", _AN, (2, 2), _TERM
    CDOL1 = 0x8C, "Card Risk Management Data Object List 1 (CDOL1)", _B, (0, 252), _ICC
    CDOL2 = 0x8D, "Card Risk Management Data Object List 2 (CDOL2)", _B, (0, 252), _ICC
    CVM_LIST = 0x8E, "Cardholder Verification Method (CVM) List", _B, (8, 252), _ICC
    CA_PUBLIC_KEY_INDEX = 0x8F, "Certification Authority Public Key Index", _B, (1, 1), _ICC
    ISSUER_PUBLIC_KEY_CERTIFICATE = 0x90, "Issuer Public Key Certificate", _B, (1, 255), _ICC
    ISSUER_AUTHENTICATION_DATA = 0x91, "Issuer Authentication Data", _B, (8, 16), _ISS
    ISSUER_PUBLIC_KEY_REMAINDER = 0x92, "Issuer Public Key Remainder", _B, (0, 255), _ICC
    SIGNED_STATIC_APPLICATION_DATA = 0x93, "Signed Static Application Data", _B, (1, 255), _ICC
    APPLICATION_FILE_LOCATOR = 0x94, "Application File Locator (AFL)", _V, (0, 252), _ICC
    TERMINAL_VERIFICATION_RESULTS = 0x95, "Terminal Verification Results (TVR)", _B, (5, 5), _TERM
    TDOL = 0x97, "Transaction Certificate Data Object List (TDOL)", _B, (0, 252), _ICC
    TC_HASH_VALUE = 0x98, "Transaction Certificate (TC) Hash Value", _B, (20, 20), _TERM
    TRANSACTION_PIN_DATA = 0x99, "Transaction PIN Data", _B, (0, 255), _TERM
    TRANSACTION_DATE = 0x9A, "Transaction Date", _N, (3, 3), _TERM
    TRANSACTION_STATUS_INFORMATION = 0x9B, "Transaction Status Information (TSI)", _B, (2, 2), _TERM
    TRANSACTION_TYPE = 0x9C, "Transaction Type", _N, (1, 1), _TERM
    DDF_NAME = 0x9D, "Directory Definition File (DDF) Name", _B, (5, 16), _ICC
    ACQUIRER_IDENTIFIER = 0x9F01, "Acquirer Identifier", _N, (6, 6), _TERM
    AMOUNT_AUTHORISED_NUMERIC = 0x9F02, "Amount, Authorised (Numeric)", _N, (6, 6), _TERM
    AMOUNT_OTHER_NUMERIC = 0x9F03, "Amount, Other (Numeric)", _N, (6, 6), _TERM
    AMOUNT_OTHER_BINARY = 0x9F04, "Amount, Other (Binary)", _B, (4, 4), _TERM
    APPLICATION_DISCRETIONARY_DATA = 0x9F05, "Application Discretionary Data", _B, (1, 32), _ICC
    AID_TERMINAL = 0x9F06, "Application Identifier (AID) – terminal", _B, (5, 16), _TERM
    APPLICATION_USAGE_CONTROL = 0x9F07, "Application Usage Control (AUC)", _B, (2, 2), _ICC
    APPLICATION_VERSION_NUMBER = 0x9F08, "Application Version Number", _B, (2, 2), _ICC
    APPLICATION_VERSION_NUMBER_TERMINAL = (
        0x9F09, "Application Version Number – terminal", _B, (2, 2), _TERM,
    )  # fmt: skip
    ASRPD = 0x9F0A, "Application Selection Registered Proprietary Data", _B, (0, 252), _ICC
    CARDHOLDER_NAME_EXTENDED = 0x9F0B, "Cardholder Name Extended", _ANS, (27, 45), _ICC
    IIN_EXTENDED = 0x9F0C, "Issuer Identification Number Extended (IINE)", _N, (3, 4), _ICC
    ISSUER_ACTION_CODE_DEFAULT = 0x9F0D, "Issuer Action Code – Default", _B, (5, 5), _ICC
    ISSUER_ACTION_CODE_DENIAL = 0x9F0E, "Issuer Action Code – Denial", _B, (5, 5), _ICC
    ISSUER_ACTION_CODE_ONLINE = 0x9F0F, "Issuer Action Code – Online", _B, (5, 5), _ICC
    ISSUER_APPLICATION_DATA = 0x9F10, "Issuer Application Data (IAD)", _B, (0, 32), _ICC
    ISSUER_CODE_TABLE_INDEX = 0x9F11, "Issuer Code Table Index", _N, (1, 1), _ICC
    APPLICATION_PREFERRED_NAME = 0x9F12, "Application Preferred Name", _ANS, (1, 16), _ICC
    LAST_ONLINE_ATC_REGISTER = 0x9F13, "Last Online ATC Register", _B, (2, 2), _ICC
    LOWER_CONSECUTIVE_OFFLINE_LIMIT = 0x9F14, "Lower Consecutive Offline Limit", _B, (1, 1), _ICC
    MERCHANT_CATEGORY_CODE = 0x9F15, "Merchant Category Code", _N, (2, 2), _TERM
    MERCHANT_IDENTIFIER = 0x9F16, "Merchant Identifier", _ANS, (15, 15), _TERM
    PIN_TRY_COUNTER = 0x9F17, "PIN Try Counter", _B, (1, 1), _ICC
    ISSUER_SCRIPT_IDENTIFIER = 0x9F18, "Issuer Script Identifier", _B, (4, 4), _ISS
    TOKEN_REQUESTOR_ID = 0x9F19, "Token Requestor ID", _N, (6, 6), _ICC
    TERMINAL_COUNTRY_CODE = 0x9F1A, "Terminal Country Code", _N, (2, 2), _TERM
    TERMINAL_FLOOR_LIMIT = 0x9F1B, "Terminal Floor Limit", _B, (4, 4), _TERM
    TERMINAL_IDENTIFICATION = 0x9F1C, "Terminal Identification", _AN, (8, 8), _TERM
    TERMINAL_RISK_MANAGEMENT_DATA = 0x9F1D, "Terminal Risk Management Data", _B, (1, 8), _TERM
    IFD_SERIAL_NUMBER = 0x9F1E, "Interface Device (IFD) Serial Number", _AN, (8, 8), _TERM
    TRACK_1_DISCRETIONARY_DATA = 0x9F1F, "Track 1 Discretionary Data", _ANS, (0, 252), _ICC
    TRACK_2_DISCRETIONARY_DATA = 0x9F20, "Track 2 Discretionary Data", _CN, (0, 252), _ICC
    TRANSACTION_TIME = 0x9F21, "Transaction Time", _N, (3, 3), _TERM
    CA_PUBLIC_KEY_INDEX_TERMINAL = (
        0x9F22, "Certification Authority Public Key Index – terminal", _B, (1, 1), _TERM,
    )  # fmt: skip
    UPPER_CONSECUTIVE_OFFLINE_LIMIT = 0x9F23, "Upper Consecutive Offline Limit", _B, (1, 1), _ICC
    PAYMENT_ACCOUNT_REFERENCE = 0x9F24, "Payment Account Reference (PAR)", _AN, (29, 29), _ICC
    LAST_4_DIGITS_OF_PAN = 0x9F25, "Last 4 Digits of PAN", _N, (2, 2), _ICC
    APPLICATION_CRYPTOGRAM = 0x9F26, "Application Cryptogram", _B, (8, 8), _ICC
    CRYPTOGRAM_INFORMATION_DATA = 0x9F27, "Cryptogram Information Data (CID)", _B, (1, 1), _ICC
    EXTENDED_SELECTION = 0x9F29, "Extended Selection", _B, (0, 252), _ICC
    KERNEL_IDENTIFIER = 0x9F2A, "Kernel Identifier", _B, (1, 8), _ICC
    ICC_PIN_ENCIPHERMENT_CERTIFICATE = (
        0x9F2D, "ICC PIN Encipherment Public Key Certificate", _B, (1, 255), _ICC,
    )  # fmt: skip
    ICC_PIN_ENCIPHERMENT_EXPONENT = (
        0x9F2E, "ICC PIN Encipherment Public Key Exponent", _B, (1, 3), _ICC,
    )  # fmt: skip
    ICC_PIN_ENCIPHERMENT_REMAINDER = (
        0x9F2F, "ICC PIN Encipherment Public Key Remainder", _B, (0, 255), _ICC,
    )  # fmt: skip
    ISSUER_PUBLIC_KEY_EXPONENT = 0x9F32, "Issuer Public Key Exponent", _B, (1, 3), _ICC
    TERMINAL_CAPABILITIES = 0x9F33, "Terminal Capabilities", _B, (3, 3), _TERM
    CVM_RESULTS = 0x9F34, "Cardholder Verification Method (CVM) Results", _B, (3, 3), _TERM
    TERMINAL_TYPE = 0x9F35, "Terminal Type", _N, (1, 1), _TERM
    APPLICATION_TRANSACTION_COUNTER = (
        0x9F36, "Application Transaction Counter (ATC)", _B, (2, 2), _ICC,
    )  # fmt: skip
    UNPREDICTABLE_NUMBER = 0x9F37, "Unpredictable Number", _B, (4, 4), _TERM
    PDOL = 0x9F38, "Processing Options Data Object List (PDOL)", _B, (0, 252), _ICC
    POS_ENTRY_MODE = 0x9F39, "Point-of-Service (POS) Entry Mode", _N, (1, 1), _TERM
    AMOUNT_REFERENCE_CURRENCY = 0x9F3A, "Amount, Reference Currency", _B, (4, 4), _TERM
    APPLICATION_REFERENCE_CURRENCY = 0x9F3B, "Application Reference Currency", _N, (2, 8), _ICC
    TRANSACTION_REFERENCE_CURRENCY = 0x9F3C, "Transaction Reference Currency", _N, (2, 2), _TERM
    TRANSACTION_REFERENCE_CURRENCY_EXPONENT = (
        0x9F3D, "Transaction Reference Currency Exponent", _N, (1, 1), _TERM,
    )  # fmt: skip
    TERMINAL_CATEGORIES = 0x9F3E, "Terminal Categories Supported List", _B, (2, 252), _TERM
    ADDITIONAL_TERMINAL_CAPABILITIES = (
        0x9F40, "Additional Terminal Capabilities", _B, (5, 5), _TERM,
    )  # fmt: skip
    TRANSACTION_SEQUENCE_COUNTER = 0x9F41, "Transaction Sequence Counter", _N, (2, 4), _TERM
    APPLICATION_CURRENCY_CODE = 0x9F42, "Application Currency Code", _N, (2, 2), _ICC
    APPLICATION_REFERENCE_CURRENCY_EXPONENT = (
        0x9F43, "Application Reference Currency Exponent", _N, (1, 4), _ICC,
    )  # fmt: skip
    APPLICATION_CURRENCY_EXPONENT = 0x9F44, "Application Currency Exponent", _N, (1, 1), _ICC
    DATA_AUTHENTICATION_CODE = 0x9F45, "Data Authentication Code", _B, (2, 2), _ICC
    ICC_PUBLIC_KEY_CERTIFICATE = 0x9F46, "ICC Public Key Certificate", _B, (1, 255), _ICC
    ICC_PUBLIC_KEY_EXPONENT = 0x9F47, "ICC Public Key Exponent", _B, (1, 3), _ICC
    ICC_PUBLIC_KEY_REMAINDER = 0x9F48, "ICC Public Key Remainder", _B, (0, 255), _ICC
    DDOL = 0x9F49, "Dynamic Data Authentication Data Object List (DDOL)", _B, (0, 252), _ICC
    SDA_TAG_LIST = 0x9F4A, "Static Data Authentication Tag List", _B, (0, 252), _ICC
    SIGNED_DYNAMIC_APPLICATION_DATA = (
        0x9F4B, "Signed Dynamic Application Data", _B, (1, 255), _ICC,
    )  # fmt: skip
    ICC_DYNAMIC_NUMBER = 0x9F4C, "ICC Dynamic Number", _B, (2, 8), _ICC
    LOG_ENTRY = 0x9F4D, "Log Entry", _B, (2, 2), _ICC
    MERCHANT_NAME_AND_LOCATION = 0x9F4E, "Merchant Name and Location", _ANS, (0, 252), _TERM
    LOG_FORMAT = 0x9F4F, "Log Format", _B, (0, 252), _ICC
    ISSUER_SCRIPT_RESULTS = 0x9F5B, "Issuer Script Results", _B, (0, 252), _TERM
    FCI_PROPRIETARY_TEMPLATE = 0xA5, "FCI Proprietary Template", _V, (0, 252), _ICC
    FCI_ISSUER_DISCRETIONARY_DATA = 0xBF0C, "FCI Issuer Discretionary Data", _V, (0, 222), _ICC
    # Payment systems' own, named so that a trace reads well; the kernel gives them no meaning.
    OFFLINE_ACCUMULATOR_BALANCE = 0x9F50, "Offline Accumulator Balance", _V, (0, 252), _ICC
    DRDOL = 0x9F51, "Application Currency Code (Visa) / DRDOL (Mastercard)", _V, (0, 252), _ICC
    APPLICATION_DEFAULT_ACTION = 0x9F52, "Application Default Action (Visa)", _V, (0, 252), _ICC
    CONSECUTIVE_INTERNATIONAL_LIMIT = (
        0x9F53, "Consecutive International Limit (Visa) / Category Code (Mastercard)", _V, (0, 252),
        _ICC,
    )  # fmt: skip
    CUMULATIVE_AMOUNT_LIMIT = 0x9F54, "Cumulative Transaction Amount Limit", _V, (0, 252), _ICC
    GEOGRAPHIC_INDICATOR = 0x9F55, "Geographic Indicator (Visa)", _V, (0, 252), _ICC
    ISSUER_AUTHENTICATION_INDICATOR = (
        0x9F56, "Issuer Authentication Indicator (Visa)", _V, (0, 252), _ICC,
    )  # fmt: skip
    AVAILABLE_OFFLINE_SPENDING = 0x9F5D, "Available Offline Spending Amount", _V, (0, 252), _ICC
    CARD_PRODUCT_IDENTIFICATION = (
        0x9F63, "Card Product Identification (UnionPay)", _V, (0, 252), _ICC,
    )  # fmt: skip
    FORM_FACTOR_INDICATOR = 0x9F6E, "Form Factor Indicator / Third Party Data", _V, (0, 252), _ICC
    ELECTRONIC_CASH_CODE = (
        0x9F74, "Electronic Cash Issuer Authorisation Code (UnionPay)", _V, (0, 252), _ICC,
    )  # fmt: skip
    ELECTRONIC_CASH_BALANCE_LIMIT = (
        0x9F77, "Electronic Cash Balance Limit (UnionPay)", _V, (0, 252), _ICC,
    )  # fmt: skip
    ELECTRONIC_CASH_SINGLE_LIMIT = (
        0x9F78, "Electronic Cash Single Transaction Limit (UnionPay)", _V, (0, 252), _ICC,
    )  # fmt: skip
    ELECTRONIC_CASH_BALANCE = 0x9F79, "Electronic Cash Balance (UnionPay)", _V, (0, 252), _ICC
    ELECTRONIC_CASH_INDICATOR = (
        0x9F7A, "Electronic Cash Terminal Support Indicator (UnionPay)", _V, (1, 1), _TERM,
    )  # fmt: skip
    CUSTOMER_EXCLUSIVE_DATA = 0x9F7C, "Customer Exclusive Data", _V, (0, 252), _ICC
    CARD_AUTHENTICATION_DATA = (
        0x9F69, "Card Authentication Related Data (Visa, UnionPay)", _V, (0, 252), _ICC,
    )  # fmt: skip
    TERMINAL_TRANSACTION_QUALIFIERS = (
        0x9F66, "Terminal Transaction Qualifiers (TTQ)", _B, (4, 4), _TERM,
    )  # fmt: skip
    CARD_TRANSACTION_QUALIFIERS = 0x9F6C, "Card Transaction Qualifiers (CTQ)", _B, (2, 2), _ICC
    TRACK_2_DATA = 0x9F6B, "Track 2 Data (Mastercard)", _B, (0, 19), _ICC
    SCRIPT_RESULTS_UNIONPAY = 0xDF31, "Issuer Script Results (UnionPay)", _B, (0, 252), _TERM

    @classmethod
    def known(cls, tag: int) -> Tag | None:
        """The row of `tag`, or None for one the table does not have."""
        return _BY_VALUE.get(tag)

    @classmethod
    def of_card(cls, tag: int) -> Tag | None:
        """The row of `tag` if a card may set it: not one of the terminal's own. See Book 3, 7.5."""
        known = cls.known(tag)
        return known if known is not None and known.source is TagSource.ICC else None


_BY_VALUE: dict[int, Tag] = {tag.value: tag for tag in Tag}

NOT_IN_RECORDS = frozenset(
    {
        Tag.ADF_NAME,
        Tag.APPLICATION_LABEL,
        Tag.LANGUAGE_PREFERENCE,
        Tag.APPLICATION_INTERCHANGE_PROFILE,
        Tag.DF_NAME,
        Tag.APPLICATION_PRIORITY_INDICATOR,
        Tag.SHORT_FILE_IDENTIFIER,
        Tag.APPLICATION_FILE_LOCATOR,
        Tag.DDF_NAME,
        Tag.ISSUER_APPLICATION_DATA,
        Tag.ISSUER_CODE_TABLE_INDEX,
        Tag.APPLICATION_PREFERRED_NAME,
        Tag.LAST_ONLINE_ATC_REGISTER,
        Tag.PIN_TRY_COUNTER,
        Tag.APPLICATION_CRYPTOGRAM,
        Tag.CRYPTOGRAM_INFORMATION_DATA,
        Tag.APPLICATION_TRANSACTION_COUNTER,
        Tag.PDOL,
        Tag.DATA_AUTHENTICATION_CODE,
        Tag.SIGNED_DYNAMIC_APPLICATION_DATA,
        Tag.ICC_DYNAMIC_NUMBER,
    }
)
"""The card's objects whose template is not '70'. See EMV 4.4 Book 3, Annex A, table 37."""

PAN_BEARING = frozenset(
    {
        Tag.TRACK_1_DATA,
        Tag.TRACK_2_EQUIVALENT_DATA,
        Tag.APPLICATION_PAN,
        Tag.CARDHOLDER_NAME,
        Tag.CARDHOLDER_NAME_EXTENDED,
        Tag.TRACK_1_DISCRETIONARY_DATA,
        Tag.TRACK_2_DISCRETIONARY_DATA,
        Tag.TRACK_2_DATA,
        Tag.IBAN,
        Tag.TRANSACTION_PIN_DATA,
        # with the CA's public key the PAN can be read from these
        Tag.ICC_PUBLIC_KEY_CERTIFICATE,
        Tag.ICC_PIN_ENCIPHERMENT_CERTIFICATE,
    }
)
"""Values that name the cardholder or the account, masked in every trace."""

FIELD_55 = (
    Tag.APPLICATION_CRYPTOGRAM,
    Tag.CRYPTOGRAM_INFORMATION_DATA,
    Tag.ISSUER_APPLICATION_DATA,
    Tag.UNPREDICTABLE_NUMBER,
    Tag.APPLICATION_TRANSACTION_COUNTER,
    Tag.TERMINAL_VERIFICATION_RESULTS,
    Tag.TRANSACTION_DATE,
    Tag.TRANSACTION_TYPE,
    Tag.AMOUNT_AUTHORISED_NUMERIC,
    Tag.TRANSACTION_CURRENCY_CODE,
    Tag.APPLICATION_INTERCHANGE_PROFILE,
    Tag.TERMINAL_COUNTRY_CODE,
    Tag.AMOUNT_OTHER_NUMERIC,
    Tag.TERMINAL_CAPABILITIES,
    Tag.CVM_RESULTS,
    Tag.TERMINAL_TYPE,
    Tag.IFD_SERIAL_NUMBER,
    Tag.DF_NAME,
    Tag.APPLICATION_VERSION_NUMBER_TERMINAL,
    Tag.TRANSACTION_SEQUENCE_COUNTER,
    Tag.APPLICATION_PAN_SEQUENCE_NUMBER,
    Tag.ISSUER_SCRIPT_RESULTS,
)
"""The card's data for the acquirer, in the order in which it is sent. See EMV 4.4 Book 4, 12.1."""


def describe(tag: int) -> str:
    """The name of a tag for a trace: that of the table, or that it is unknown."""
    row = Tag.known(tag)
    return row.label if row else "unknown"
