"""The kernel's data: tags, codes, CA keys, applications."""

from importlib import resources

import pytest

from firmware.emv.ca_keys import STATUSES, CaKeyError, CaKeys, Revocation, check_value, revocations
from firmware.emv.codes import TerminalCapabilities, Tsi, Tvr, names_of
from firmware.emv.contact.applications import Applications, ApplicationsError
from firmware.emv.tags import Format, Tag, TagSource, describe
from firmware.emv.terminal_data import TerminalData, numeric
from hw.sim.cards import TEST_CA_KEYS
from tests.emv.support import SALE_OF_100, TERMINAL


@pytest.mark.parametrize(
    ("tag", "form", "lengths", "source"),
    [
        (Tag.AMOUNT_AUTHORISED_NUMERIC, Format.N, (6, 6), TagSource.TERMINAL),
        (Tag.APPLICATION_PAN, Format.CN, (4, 10), TagSource.ICC),
        (Tag.TERMINAL_FLOOR_LIMIT, Format.B, (4, 4), TagSource.TERMINAL),  # binary, not numeric
        (Tag.ISSUER_AUTHENTICATION_DATA, Format.B, (8, 16), TagSource.ISSUER),
        (Tag.IFD_SERIAL_NUMBER, Format.AN, (8, 8), TagSource.TERMINAL),
    ],
)
def test_annex_a_rows(tag: Tag, form: Format, lengths: tuple[int, int], source: TagSource):
    assert (tag.format, (tag.length_min, tag.length_max), tag.source) == (form, lengths, source)


def test_annex_a_knows_a_tag_by_number_and_says_what_it_does_not_know():
    assert Tag.known(0x9F02) is Tag.AMOUNT_AUTHORISED_NUMERIC
    assert Tag.known(0xDF01) is None
    assert describe(0x9F02) == "Amount, Authorised (Numeric)"
    assert describe(0xDF01) == "unknown"


@pytest.mark.parametrize(
    ("bit", "byte", "number"),
    [
        (Tvr.OFFLINE_DATA_AUTHENTICATION_NOT_PERFORMED, 1, 8),
        (Tvr.ICC_DATA_MISSING, 1, 6),
        (Tvr.SDA_SELECTED, 1, 2),
        (Tvr.EXPIRED_APPLICATION, 2, 7),
        (Tvr.NEW_CARD, 2, 4),
        (Tvr.ONLINE_PIN_ENTERED, 3, 3),
        (Tvr.FLOOR_LIMIT_EXCEEDED, 4, 8),
        (Tvr.MERCHANT_FORCED_ONLINE, 4, 4),
        (Tvr.SCRIPT_FAILED_AFTER_FINAL_AC, 5, 5),
    ],
)
def test_annex_c5_bits_stand_where_the_book_puts_them(bit: Tvr, byte: int, number: int):
    assert bit.to_bytes(5, "big")[byte - 1] == 1 << (number - 1)


def test_bits_are_named_high_bit_first():
    found = Tvr.FLOOR_LIMIT_EXCEEDED | Tvr.EXPIRED_APPLICATION
    assert names_of(found) == ["EXPIRED_APPLICATION", "FLOOR_LIMIT_EXCEEDED"]
    assert names_of(Tsi(0)) == []


def test_every_shipped_ca_key_verifies():
    keys = CaKeys.shipped(test_keys=True)
    assert len(keys.keys) == 128
    key = keys.find(bytes.fromhex("A000000003"), 0x92)
    assert key is not None
    assert (len(key.modulus), key.exponent) == (176, 3)
    assert keys.find(bytes.fromhex("A000000003"), 0x00) is None


ROW = "A000000003\t{index}\t03\tB1C3\t{check}\tTest"


def test_a_ca_key_with_a_wrong_check_value_is_refused_by_its_line():
    check = check_value(bytes.fromhex("A000000003"), 1, bytes.fromhex("B1C3"), b"\x03").hex()
    assert len(CaKeys.from_tsv(ROW.format(index="01", check=check)).keys) == 1
    with pytest.raises(CaKeyError, match=r"keys.tsv, line 2: the check value .* is wrong"):
        CaKeys.from_tsv("# title\n" + ROW.format(index="02", check=check), "keys.tsv")


@pytest.mark.parametrize("row", ["A0\t01", "zz\t01\t03\tB1\t00", "A0\t01\t03\tB1\t00"])
def test_a_malformed_row_of_ca_keys_is_refused(row: str):
    with pytest.raises(CaKeyError, match="line 1"):
        CaKeys.from_tsv(row)


def test_revocations_name_rid_index_and_serial():
    rid = bytes.fromhex("A000000003")
    keys = CaKeys.shipped(test_keys=True).with_revoked([Revocation(rid, 0x92, b"\x00\x00\x01")])
    assert keys.revoked(rid, 0x92, b"\x00\x00\x01")
    assert not keys.revoked(rid, 0x94, b"\x00\x00\x01")


@pytest.mark.parametrize(
    ("df_name", "name"),
    [
        ("A000000333010101", "UnionPay Debit"),
        ("A000000333010102", "UnionPay Credit"),
        ("A000000333010103", "UnionPay Quasi-Credit"),
        ("A0000000031010", "Visa"),
        ("A000000003101001", "Visa"),  # partial
        ("A0000000041010", "Mastercard"),
        ("A0000000043060", "Maestro"),
        ("A000000025010801", "American Express"),
        ("A0000000651010", "JCB"),
        ("A0000001523010", "Discover"),
        ("F00000888801", "Store Card"),
        ("A0000000999999", None),
    ],
)
def test_the_shipped_table_takes_these_applications(df_name: str, name: str | None):
    found = Applications.shipped().match(bytes.fromhex(df_name))
    assert (found.name if found else None) == name


def test_of_two_aids_that_match_the_longer_wins():
    both = Applications.from_toml(
        ENTRY.format(aid="A000000003") + ENTRY.format(aid="A0000000031010")
    )
    found = both.match(bytes.fromhex("A000000003101001"))
    assert found is not None
    assert found.aid.hex() == "a0000000031010"


ENTRY = """
[[application]]
aid = "{aid}"
name = "X"
scheme = "X"
versions = ["0001"]
tac_denial = "0010000000"
tac_online = "D84004F800"
tac_default = "D84000A800"
"""


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "apps: .* missing required field `application`"),
        ("[[", "apps: "),
        (ENTRY.format(aid="A0"), r"matching regex .*\[0\]\.aid"),
        (ENTRY.format(aid="no hex"), r"matching regex .*\[0\]\.aid"),
        (ENTRY.format(aid="A000000003") + "colour = 1", r"unknown field `colour` .*\[0\]"),
        (ENTRY.format(aid="A000000003") + "floor_limit_minor = -1", ">= 0 .*floor_limit_minor"),
        (
            ENTRY.format(aid="A000000003") + "random_target_percent = 100",
            "<= 99 .*random_target_percent",
        ),
        (ENTRY.format(aid="A000000003") + 'cvm_kinds = ["dna"]', r"'dna' .*cvm_kinds\[0\]"),
        ('[[application]]\naid = "A000000003"', "missing required field `name`"),
    ],
)
def test_a_mistake_in_the_table_is_named_with_its_place(text: str, why: str):
    with pytest.raises(ApplicationsError, match=why):
        Applications.from_toml(text, "apps")


def test_kinds_of_cvm_narrow_the_terminals_capabilities():
    table = Applications.from_toml(ENTRY.format(aid="A000000003") + 'cvm_kinds = ["online-pin"]')
    (application,) = table
    both = (
        TerminalCapabilities.ONLINE_PIN | TerminalCapabilities.SIGNATURE | TerminalCapabilities.CDA
    )
    narrowed = TerminalCapabilities.ONLINE_PIN | TerminalCapabilities.CDA
    assert application.capabilities(both) == narrowed


def test_the_terminal_names_itself_as_annex_a_says():
    objects = TERMINAL.objects()
    assert objects[Tag.TERMINAL_COUNTRY_CODE].hex() == "0156"
    assert objects[Tag.TERMINAL_CAPABILITIES].hex() == "20f8c8"
    assert objects[Tag.MERCHANT_IDENTIFIER] == b"123456789012345"
    assert objects[Tag.IFD_SERIAL_NUMBER] == b"POS00001"


def test_the_transaction_is_coded_as_annex_a_says():
    objects = SALE_OF_100.objects()
    assert objects[Tag.AMOUNT_AUTHORISED_NUMERIC].hex() == "000000010000"
    assert objects[Tag.AMOUNT_AUTHORISED_BINARY].hex() == "00002710"
    assert objects[Tag.TRANSACTION_DATE].hex() == "260501"
    assert objects[Tag.TRANSACTION_TIME].hex() == "123015"
    assert objects[Tag.TRANSACTION_SEQUENCE_COUNTER].hex() == "00000007"


def test_digits_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="is not up to 4"):
        numeric("12345", 2)


@pytest.mark.parametrize(
    ("terminal_type", "online_only", "offline_only", "unattended"),
    [
        (0x21, True, False, False),
        (0x22, False, False, False),
        (0x23, False, True, False),
        (0x24, True, False, True),
        (0x26, False, True, True),
    ],
)
def test_annex_a1_terminal_types(
    terminal_type: int, online_only: bool, offline_only: bool, unattended: bool
):
    terminal = TerminalData("156", "1", "1", "X", "1", terminal_type=terminal_type)
    assert terminal.online_only == online_only
    assert terminal.offline_only == offline_only
    assert terminal.unattended == unattended


RIDS = {  # of the schemes whose live rows were held against a second source
    "UnionPay": "A000000333",
    "Visa": "A000000003",
    "Mastercard": "A000000004",
    "Amex": "A000000025",
    "JCB": "A000000065",
    "Discover": "A000000152",
}


def shipped_rows() -> list[list[str]]:
    """The columns of the shipped table's rows."""
    text = (resources.files("firmware.emv") / "ca_public_keys.tsv").read_text("utf-8")
    return [line.split("\t") for line in text.splitlines() if not line.startswith(("#", "rid\t"))]


def test_a_terminal_that_trades_takes_live_keys_alone():
    keys = CaKeys.shipped()
    live = {(row[0], row[1]) for row in shipped_rows() if row[6] == "live"}
    assert len(keys.keys) == len(live) == len(RIDS)
    assert {rid for rid, _ in live} == set(RIDS.values())
    for rid, index in live:
        assert keys.find(bytes.fromhex(rid), int(index, 16)) is not None
    visa = bytes.fromhex(RIDS["Visa"])
    assert keys.find(visa, 0x92) is None
    assert keys.why_not(visa, 0x92) == "CA key A000000003 92 is not used: a test key"
    assert keys.why_not(visa, 0x07) == "CA key A000000003 07 is not used: expired 2017-12-31"
    assert keys.why_not(visa, 0x00) == "no CA key A000000003 00"


def test_every_live_or_expired_row_has_two_sources_and_a_row_of_one_says_so():
    rows = shipped_rows()
    assert rows
    for row in rows:
        status, expires, sources = row[6:]
        assert status in STATUSES
        assert status != "expired" or expires != "-"
        count = len(sources.removesuffix(" only").split())
        assert (count == 1) == sources.endswith(" only")
        if status in ("live", "expired") and row[0] in RIDS.values():
            assert count >= 2, row[:2]


def test_mastercard_05_is_its_own_modulus_and_unionpays_02_03_and_04_are_there():
    rows = {(row[0], row[1]): row[3] for row in shipped_rows()}
    assert rows[RIDS["Mastercard"], "05"].startswith("B8048ABC30C90D97")
    assert {index for rid, index in rows if rid == RIDS["UnionPay"]} >= {"02", "03", "04"}


def test_a_file_of_ones_own_has_live_keys_unless_it_says_otherwise():
    check = check_value(bytes.fromhex("A000000003"), 1, bytes.fromhex("B1C3"), b"\x03").hex()
    row = ROW.format(index="01", check=check)
    assert len(CaKeys.from_tsv(row).keys) == 1
    assert len(CaKeys.from_tsv(row + "\tlive").keys) == 1
    assert len(CaKeys.from_tsv(row + "\ttest").keys) == 0
    assert len(CaKeys.from_tsv(row + "\ttest", test_keys=True).keys) == 1
    with pytest.raises(CaKeyError, match="line 1: no status 'good'"):
        CaKeys.from_tsv(row + "\tgood")


def test_the_trays_own_ca_is_no_ca_of_a_terminal_that_trades():
    text = TEST_CA_KEYS.read_text("utf-8")
    before = text.replace("\ttest\n", "\n")  # as an earlier release had the file
    assert "\ttest" not in before
    for each in (text, before):
        assert len(CaKeys.from_tsv(each).keys) == 0
        assert len(CaKeys.from_tsv(each, test_keys=True).keys) == 6


def test_a_revocation_list_is_read():
    text = "# of May\nA000000003\t92\t000001\nA000000333 0B A1B2C3  # stolen\n\n"
    assert revocations(text) == [
        Revocation(bytes.fromhex("A000000003"), 0x92, b"\x00\x00\x01"),
        Revocation(bytes.fromhex("A000000333"), 0x0B, bytes.fromhex("A1B2C3")),
    ]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("A000000003\t92", "expected RID, index and serial number, found 2 words"),
        ("A000000003\t92\t0001", "a certificate serial number has 3 bytes"),
        ("A0000003\t92\t000001", "a RID has 5 bytes and an index 1"),
        ("A00000000Z\t92\t000001", "non-hexadecimal"),
    ],
)
def test_a_bad_revocation_is_named_by_its_line(row: str, words: str):
    with pytest.raises(CaKeyError, match=f"list.txt, line 2: .*{words}"):
        revocations(f"# ours\n{row}\n", "list.txt")
