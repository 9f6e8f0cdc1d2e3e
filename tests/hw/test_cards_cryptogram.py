"""The cards' cryptograms against published vectors and against pyemv as the issuer.

EMV 4.4 Book 2, 8 and A1; Book 3, 6.5.5, 10.8 and 10.11.
"""

import pytest
from pyemv import ac, kd

from hw.sim.cards import Card, cryptogram, des
from hw.sim.cards.personalisation import TRAY
from tests.hw.counterpart import (
    AAC,
    ARQC,
    TC,
    TERMINAL,
    BareTerminal,
    authentication_by_issuer,
    cryptogram_by_issuer,
    issuer_of,
)

pytestmark = pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
ISSUER_KEY = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
TRAY_ONLINE = (
    "unionpay-debit",
    "unionpay-credit",
    "visa-credit",
    "visa-debit",
    "mastercard-cda",
    "amex",
    "jcb",
    "t1",
    "store-card",
)


def hexed(text: str) -> bytes:
    return bytes.fromhex(text)


def test_the_published_arqc_and_arpc_vector_comes_out():
    master = des.icc_master_key(ISSUER_KEY, "9901234567890123", 45)
    session = des.common_session_key(master, hexed("1234567890123456"))
    data = hexed("0123456789ABCDEF0123456789ABCDEF")
    arqc = des.mac(session, des.pad_80(data))
    assert arqc.hex().upper() == "4B46013359B7A58B"
    arpc = cryptogram.arpc_method_1(master, arqc, b"\0\0")
    assert arpc.hex().upper() == "F8C9CECAABD55AD1"


@pytest.mark.parametrize(
    ("pan", "sequence", "wanted"),
    [
        # option A, up to 16 digits, and option B above: pyemv's published examples
        ("99012345678901234", 45, None),
        ("12345678901234567", 1, "AD406D7F6D7570916D75E5DCAB8CF737"),
    ],
)
def test_master_keys_follow_options_a_and_b(pan, sequence, wanted):
    key = des.icc_master_key(ISSUER_KEY, pan, sequence)
    assert key == kd.derive_icc_mk_b(ISSUER_KEY, pan, f"{sequence:02d}")
    assert wanted is None or key.hex().upper() == wanted


def test_the_common_session_key_of_book_2_a1_3_1():
    session = des.common_session_key(ISSUER_KEY, hexed("001C000000000000"))
    wanted = hexed("E9FB384AF807B940FEDCEA613461B0C4")
    assert des.with_odd_parity(session) == wanted


def test_cvn_18_gives_the_published_cryptogram():
    master = des.icc_master_key(b"\xaa" * 16, "1234567890123456", 0)
    sent = {
        0x9F02: hexed("000000009999"),
        0x9F1A: hexed("0840"),
        0x95: hexed("8000048000"),
        0x5F2A: hexed("0840"),
        0x9A: hexed("991231"),
        0x9C: b"\x01",
        0x9F37: hexed("52BF4585"),
    }
    key = cryptogram.session_key(0x12, master, hexed("0FFF"), sent[0x9F37])
    iad = hexed("06011203A0B800")
    card = (hexed("1800"), hexed("0FFF"), iad)
    arqc = cryptogram.application_cryptogram(0x12, key, sent, card)
    assert arqc.hex().upper() == "769577B5ABE9FE62"
    assert cryptogram.arpc_method_2(key, arqc, bytes(4)).hex().upper() == "76503F48"


@pytest.mark.parametrize("name", TRAY_ONLINE)
@pytest.mark.parametrize("kind", [ARQC, AAC])
def test_the_first_cryptogram_is_the_issuers_own(started, name, kind):
    terminal = started(name)
    answer = terminal.generate_ac(kind)
    assert answer[0x9F27] == bytes([kind])
    wanted = cryptogram_by_issuer(terminal.card, terminal.data, TERMINAL)
    assert answer[0x9F26] == wanted


@pytest.mark.parametrize("name", TRAY_ONLINE)
def test_the_issuers_answer_makes_it_a_tc(started, name):
    terminal = started(name)
    terminal.generate_ac(ARQC)
    data = authentication_by_issuer(terminal.card, terminal.data)
    if terminal.data[0x82][0] & 0x04:
        assert terminal.status(terminal.build("00820000", data, answer=False)) == "9000"
    answer = terminal.generate_ac(TC, {0x91: data})
    assert answer[0x9F27] == bytes([TC])
    assert answer[0x9F26] == cryptogram_by_issuer(terminal.card, terminal.data, TERMINAL)


@pytest.mark.parametrize("name", TRAY_ONLINE)
def test_an_answer_of_nobody_makes_it_an_aac(started, name):
    terminal = started(name)
    terminal.generate_ac(ARQC)
    data = bytearray(authentication_by_issuer(terminal.card, terminal.data))
    data[0] ^= 1
    if terminal.data[0x82][0] & 0x04:
        assert terminal.status(terminal.build("00820000", bytes(data), answer=False)) == "6300"
    assert terminal.generate_ac(TC, {0x91: bytes(data)})[0x9F27] == bytes([AAC])


def test_no_answer_of_the_issuer_makes_it_an_aac_where_one_is_mandatory(started):
    terminal = started("mastercard-cda")
    terminal.generate_ac(ARQC)
    assert terminal.generate_ac(TC)[0x9F27] == bytes([AAC])


@pytest.mark.parametrize("name", ["unionpay-debit", "visa-debit", "mastercard-cda"])
def test_changed_data_changes_the_cryptogram(started, name):
    terminal = started(name)
    answer = terminal.generate_ac(ARQC, {0x9F02: bytes.fromhex("000000012851")})
    assert answer[0x9F26] != cryptogram_by_issuer(terminal.card, terminal.data, TERMINAL)


def test_the_counter_goes_up_with_every_transaction(card_named):
    card = card_named("visa-credit")
    counters = [BareTerminal(card).start().generate_ac(ARQC)[0x9F36] for _ in range(3)]
    assert counters == [b"\0\1", b"\0\2", b"\0\3"]


def test_the_last_online_counter_follows_an_authenticated_answer(started):
    terminal = started("visa-credit")
    assert terminal.send("80CA9F1300") == bytes.fromhex("9F130200009000")
    terminal.generate_ac(ARQC)
    data = authentication_by_issuer(terminal.card, terminal.data)
    terminal.send(terminal.build("00820000", data, answer=False))
    terminal.generate_ac(TC)
    assert terminal.send("80CA9F1300") == bytes.fromhex("9F130200019000")


def test_an_unfinished_online_transaction_is_told_in_the_next(card_named):
    card = card_named("visa-credit")
    first = BareTerminal(card).start().generate_ac(ARQC)
    second = BareTerminal(card).start().generate_ac(ARQC)
    assert first[0x9F10].hex() == "06010a03a00000"
    assert second[0x9F10].hex() == "06010a03a08000"  # CVR byte 2, bit 8: last online incomplete


@pytest.mark.parametrize(
    ("amount", "currency", "kind"),
    [("000000020000", "0156", TC), ("000000020001", "0156", ARQC), ("000000020000", "0840", ARQC)],
)
def test_offline_approval_has_a_limit_and_a_currency(started, amount, currency, kind):
    terminal = started("offline-ok")
    sent = {0x9F02: bytes.fromhex(amount), 0x5F2A: bytes.fromhex(currency)}
    assert terminal.generate_ac(TC, sent)[0x9F27] == bytes([kind])


def test_the_sixth_offline_approval_in_a_row_goes_online(card_named):
    card = card_named("offline-ok")
    kinds = [BareTerminal(card).start().generate_ac(TC)[0x9F27][0] for _ in range(6)]
    assert kinds == [TC] * 5 + [ARQC]


@pytest.mark.parametrize(("name", "kind"), [("offline-ok", TC), ("visa-credit", AAC)])
def test_unable_to_go_online_the_card_has_its_own_mind(started, name, kind):
    terminal = started(name)
    terminal.generate_ac(ARQC)
    assert terminal.generate_ac(TC, {0x8A: b"Y3"})[0x9F27] == bytes([kind])


def test_a_card_status_update_that_does_not_approve_makes_it_an_aac(started):
    """EMV 4.4 Book 3, C9: the issuer's approval is bit 8 of the update's second byte."""
    terminal = started("visa-debit")
    answer = terminal.generate_ac(ARQC)
    arpc = issuer_of(terminal.card).generate_arpc(answer[0x9F26], answer[0x9F36], bytes(4))
    assert terminal.generate_ac(TC, {0x91: arpc + bytes(4)})[0x9F27] == bytes([AAC])


def test_a_completed_sale_stands_in_the_cards_log(started):
    terminal = started("offline-ok")
    terminal.generate_ac(TC)
    assert terminal.send("80CA9F4F00")[:3] == bytes.fromhex("9F4F13")
    record = terminal.send("00B2015C00")
    assert record.hex() == "260501" + "000000" + "000000012850" + "0156" + "0156" + "00" + (
        "0001" + "9000"
    )
    assert terminal.status("00B2025C00") == "6A83"


def personalised(tmp_path, *changes: tuple[str, str]) -> BareTerminal:
    """The store card with some lines of its file changed, started."""
    text = (TRAY / "store-card.toml").read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / "changed.toml"
    path.write_text(text)
    return BareTerminal(Card.from_file(path)).start()


def test_the_common_core_definitions_card_is_played_too(tmp_path):
    """EMV 4.4 Book 3, C7.2 and C9: 9F10 of 32 bytes, ARPC method 2 with a status update."""
    terminal = personalised(
        tmp_path,
        ("cvn = 0x12", "cvn = 0xA5\narpc_method = 2"),
        ('issuer_data = "visa"', 'issuer_data = "ccd"'),
        ('"91 0A"', '"91 08"'),
    )
    answer = terminal.generate_ac(ARQC)
    iad = answer[0x9F10]
    assert (len(iad), iad[:3].hex(), iad[16]) == (32, "0fa501", 0x0F)
    assert iad[3:8].hex() == "a230000000"  # ARQC first, issuer not authenticated, three tries
    own = terminal.card.applications[0].own.account
    master = kd.derive_icc_mk_a(bytes.fromhex(own.imk_ac), own.pan, "01")
    session = kd.derive_common_sk(master, answer[0x9F36] + bytes(6))
    arpc = ac.generate_arpc_2(session, answer[0x9F26], b"\0\x80\0\0")
    second = terminal.generate_ac(TC, {0x91: arpc + b"\0\x80\0\0"})
    assert second[0x9F27] == bytes([TC])
    assert second[0x9F10][3] == 0x60  # TC second, ARQC first, issuer authenticated


@pytest.mark.parametrize(("orders", "status"), [(b"\0\xa0\0\0", "6283"), (b"\0\xc0\0\0", "6A81")])
def test_a_card_status_update_blocks_the_application_or_the_card(started, orders, status):
    terminal = started("visa-debit")
    answer = terminal.generate_ac(ARQC)
    arpc = issuer_of(terminal.card).generate_arpc(answer[0x9F26], answer[0x9F36], orders)
    terminal.generate_ac(TC, {0x91: arpc + orders})
    assert terminal.select()[-2:].hex().upper() == status


def test_mastercards_cvn_20_is_played_too(tmp_path):
    terminal = personalised(
        tmp_path, ("cvn = 0x12", "cvn = 0x14"), ('issuer_data = "visa"', 'issuer_data = "mchip"')
    )
    answer = terminal.generate_ac(ARQC)
    assert answer[0x9F26] == cryptogram_by_issuer(terminal.card, terminal.data, TERMINAL)
