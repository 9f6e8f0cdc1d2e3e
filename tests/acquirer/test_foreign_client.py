"""A terminal by another hand at `pos acquirer serve`: its codec, keys and MACs are not ours.

What it sends is written after the reference alone, as a terminal of the field would, with header,
TPDU, lengths of field 60 and private fields that ours does not use.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acquirer.conftest import MERCHANT, TERMINAL, ChipCard
from tests.acquirer.line_acquirer import Fields, build, des, mac, parse
from tests.acquirer.serving import DEBIT, Server, add_terminal, command

PAN, EXPIRY = DEBIT.pan.reveal(), DEBIT.expiry
TPDU, HEADER = "6000031234", "603200320972"


def check(key: bytes) -> bytes:
    return des(key, bytes(8))[:4]


def pin_block(pin: str) -> bytes:
    """ISO 9564 format 0."""
    field = bytes.fromhex(f"{len(pin):02d}{pin}".ljust(16, "F"))
    account = bytes.fromhex("0000" + PAN[-13:-1])
    return bytes(a ^ b for a, b in zip(field, account, strict=True))


class Foreign:
    """The terminal, and the server it talks to."""

    def __init__(self, server: Server, tmk: bytes) -> None:
        self.server, self._tmk = server, tmk
        self.pik = self.mak = b""
        self.stan = 0
        self.card = ChipCard(DEBIT)

    def ask(self, kind: str, fields: Fields, key: bytes | None = None) -> Fields:
        """The answer's fields, once frame and MAC are what they must be."""
        fields = {41: TERMINAL, 42: MERCHANT, **fields}
        message = bytes.fromhex(TPDU + HEADER) + build(kind, fields, key)
        got = self.server.raw(len(message).to_bytes(2, "big") + message)
        assert int.from_bytes(got[:2], "big") == len(got) - 2
        assert got[2:7].hex() == "6012340003"  # destination and origin exchanged
        assert got[7:8].hex() == "60"
        answered, told = parse(got[13:])
        assert answered == f"{kind[:2]}{int(kind[2]) + 1}{kind[3]}"
        for number in (11, 41, 42):
            assert told[number] == fields.get(number), number
        assert (64 in told) is (key is not None)
        if key is not None:
            assert bytes.fromhex(told[64]).decode() == mac(key, got[13:-8])
        return told

    def numbers(self, code: str, network: str = "000", more: str = "") -> Fields:
        self.stan += 1
        return {11: f"{self.stan:06d}", 60: f"{code}000001{network}{more}"}

    def sign_on(self) -> Fields:
        told = self.ask("0800", {**self.numbers("00", "003"), 63: b"01 ".hex()})
        keys = bytes.fromhex(told[62])
        assert len(keys) == 40
        self.pik = des(self._tmk, keys[:16], undo=True)
        self.mak = des(self._tmk, keys[20:36], undo=True)
        assert keys[16:20] == check(self.pik)
        assert keys[36:40] == check(self.mak)
        return told

    def sale(self, minor: int, pin: str = "123456", more: str = "5100000", **also: str) -> Fields:
        """What a sale with chip and PIN says; `also` are further fields by their number."""
        return {
            2: PAN, 3: "000000", 4: f"{minor:012d}", **self.numbers("22", more=more),
            # n3 stands right: its filler is the first digit
            14: EXPIRY, 22: "051", 23: "0001", 25: "00", 26: "12", 35: f"{PAN}D{EXPIRY}2010000",
            49: "156", 52: des(self.pik, pin_block(pin)).hex().upper(), 53: "2600000000000000",
            55: self.card.de55(minor).hex().upper(),
            **{int(number[1:]): value for number, value in also.items()},
        }  # fmt: skip

    def pay(self, asked: Fields, kind: str = "0200") -> Fields:
        return self.ask(kind, asked, self.mak)


@pytest.fixture
def foreign(tmp_path: Path) -> Iterator[Foreign]:
    data = tmp_path / "acquirer"
    tmk = add_terminal(data).reveal()
    with Server(data) as server:
        server.put(DEBIT)
        yield Foreign(server, tmk)


def test_a_sign_on_an_echo_and_a_sign_off(foreign: Foreign) -> None:
    told = foreign.sign_on()
    assert (told[39], len(told[12]), len(told[13]), len(told[37])) == ("00", 6, 4, 12)
    assert foreign.ask("0820", foreign.numbers("00", "301"))[39] == "00"
    assert foreign.ask("0820", foreign.numbers("00", "002"))[39] == "00"


@pytest.mark.parametrize("more", ["", "5", "51", "500", "510000", "51000000"])
def test_a_sale_says_all_that_its_receipt_wants(foreign: Foreign, more: str) -> None:
    foreign.sign_on()
    asked = foreign.sale(12_850, more=more)
    told = foreign.pay(asked)
    assert told[39] == "00"
    for number in (3, 4, 25, 49, 60):
        assert told[number] == asked[number], number
    assert [len(told[number]) for number in (12, 13, 15, 37, 38)] == [6, 4, 4, 12, 6]
    assert told[55].startswith("910A")  # the issuer's word to its card
    assert bytes.fromhex(told[63]).startswith(b"CUP")
    assert sum(foreign.server.spent().values()) == 12_850


def test_private_fields_are_taken_as_they_are(foreign: Foreign) -> None:
    foreign.sign_on()
    private = (b"A2" + b"\xff\x00" * 70).hex().upper()
    assert foreign.pay(foreign.sale(100, _59=private, _62=private, _63=b"000".hex()))[39] == "00"


def test_a_wrong_pin_or_mac_books_nothing(foreign: Foreign) -> None:
    foreign.sign_on()
    assert foreign.pay(foreign.sale(100, pin="654321"))[39] == "55"
    right, foreign.mak = foreign.mak, bytes(range(16))
    with pytest.raises(AssertionError):
        foreign.pay(foreign.sale(100))
    foreign.mak = right
    assert foreign.server.spent() in ({}, {next(iter(foreign.server.spent())): 0})


def test_a_day_with_void_refund_reversal_and_settlement(foreign: Foreign) -> None:
    foreign.sign_on()
    first, second, third = (foreign.sale(minor) for minor in (5_000, 700, 90))
    sold, gone, _ = (foreign.pay(each) for each in (first, second, third))
    bare = {2: PAN, 14: EXPIRY, 22: "052", 25: "00", 49: "156"}
    named = {37: gone[37], 38: gone[38], 61: f"000001{second[11]}"}
    void = {**bare, 3: "200000", 4: second[4], **foreign.numbers("23", more="51"), **named}
    assert foreign.pay(void)[39] == "00"
    assert foreign.pay(void)[39] == "00"  # again: the same
    reversal = {**bare, 3: "000000", 4: third[4], 11: third[11], 60: third[60], 39: "98"}
    assert foreign.pay(reversal, "0400")[39] == "00"
    assert foreign.pay(reversal, "0400")[39] == "00"
    named = {37: sold[37], 61: f"000001{first[11]}{sold[13]}", 63: b"CUP".hex()}
    refund = {**bare, 3: "200000", 4: f"{2_000:012d}", **foreign.numbers("25", more="51"), **named}
    assert foreign.pay(refund, "0220")[39] == "00"
    # sales on the debit side, void and refund on the credit side
    half = f"{5_700:012d}002{2_700:012d}0020"
    totals = {**foreign.numbers("00", "201"), 48: half + "0" * 31, 49: "156", 63: b"01 ".hex()}
    told = foreign.ask("0500", totals)
    assert 39 not in told
    assert (told[48][:30], told[48][30]) == (half[:30], "1")
    detail = f"00{first[11]}{PAN:0>20}{5_000:012d}"
    upload = {**foreign.numbers("00", "201"), 48: f"01{detail}"}
    assert foreign.pay(upload, "0320")[39] == "00"
    end = {**foreign.numbers("00", "202"), 48: "0001"}
    assert foreign.pay(end, "0320")[39] == "00"
    assert sum(foreign.server.spent().values()) == 3_000
    later = foreign.sale(100)
    assert foreign.pay(later)[39] == "12"  # its batch is closed
    later = foreign.sale(100) | {60: "22000002000510"}
    assert foreign.pay(later)[39] == "00"


@pytest.mark.parametrize("code", ["203", "205"])
@pytest.mark.parametrize("more", ["", "60"])  # of field 60: terminals differ
def test_chip_data_go_up_singly(foreign: Foreign, code: str, more: str) -> None:
    foreign.sign_on()
    sale = foreign.sale(5_000)
    foreign.pay(sale)
    chip = {
        2: PAN, 4: sale[4], 11: sale[11], 22: "051", 23: "0001",
        55: foreign.card.de55(5_000, cid=0x40).hex().upper(), 60: f"00000001{code}{more}",
        62: f"610000{sale[4]}156".encode().hex(),
    }  # fmt: skip
    told = foreign.pay(chip, "0320")
    assert told[39] == "00"
    assert told[60] == chip[60]
    assert foreign.pay(chip, "0320")[39] == "94"
    other = chip | {55: foreign.card.de55(5_000, cid=0x40).hex().upper()}
    assert foreign.pay(other, "0320")[39] == "12"
    assert foreign.pay(chip | {11: "000099"}, "0320")[39] == "25"
    assert foreign.pay(chip | {55: "9F2608"}, "0320")[39] == "30"
    assert foreign.pay(foreign.sale(100))[39] == "00"
    assert sum(foreign.server.spent().values()) == 5_100


def test_a_settlement_that_differs_is_not_balanced(foreign: Foreign) -> None:
    foreign.sign_on()
    foreign.pay(foreign.sale(5_000))
    wrong = f"{4_999:012d}001{0:012d}0000"
    totals = {**foreign.numbers("00", "201"), 48: wrong + "0" * 31, 49: "156", 63: b"01 ".hex()}
    told = foreign.ask("0500", totals)
    assert (told[48][:15], told[48][30]) == (f"{5_000:012d}001", "2")


def test_a_balance_is_told(foreign: Foreign) -> None:
    foreign.sign_on()
    balance = foreign.sale(0) | {3: "310000", **foreign.numbers("01", more="51")}
    del balance[4]
    told = foreign.pay(balance)
    assert (told[39], 4 in told) == ("00", False)
    assert bytes.fromhex(told[54]) == b"0002156C000000500000"
    assert told[55].startswith("910A")
    without_pin = {key: value for key, value in balance.items() if key not in (26, 52, 53)}
    assert foreign.pay(without_pin | foreign.numbers("01"))[39] == "55"


def test_a_day_of_holds(foreign: Foreign) -> None:
    foreign.sign_on()
    asked = [
        foreign.sale(10_000) | {3: "030000", 25: "06", **foreign.numbers("10", more="51")}
        for _ in range(3)
    ]
    held = [foreign.pay(each, "0100") for each in asked]
    assert [(told[39], told[25], len(told[38])) for told in held] == [("00", "06", 6)] * 3
    bare = {2: PAN, 14: EXPIRY, 22: "052", 25: "06", 49: "156"}
    # by batch, STAN and date; by date and zeros; by the authorisation code alone
    whose = [f"000001{asked[0][11]}{held[0][13]}", f"{0:012d}{held[1][13]}", ""]
    void, completion, other = (
        {**bare, 4: f"{minor:012d}", 38: told[38], **({61: named} if named else {})}
        for minor, told, named in zip((10_000, 11_500, 9_000), held, whose, strict=True)
    )
    void |= {3: "200000", **foreign.numbers("11", more="51")}
    assert foreign.pay(void, "0100")[39] == "00"
    completion |= {3: "000000", **foreign.numbers("20", more="51")}
    assert foreign.pay(completion | {4: f"{11_501:012d}"})[39] == "61"
    completion |= foreign.numbers("20", more="51")
    paid = foreign.pay(completion)
    assert paid[39] == "00"
    assert foreign.pay(completion | foreign.numbers("20"))[39] == "22"
    other |= {3: "000000", **foreign.numbers("20", more="51")}
    assert foreign.pay(other)[39] == "00"
    back = {**bare, 3: "200000", 4: completion[4], 37: paid[37], 38: paid[38]}
    back |= {61: f"000001{completion[11]}", **foreign.numbers("21", more="51")}
    assert foreign.pay(back)[39] == "00"
    assert sum(foreign.server.spent().values()) == 9_000
    # completions on the debit side, their void on the credit side, and no hold anywhere
    half = f"{20_500:012d}002{11_500:012d}0010"
    totals = {**foreign.numbers("00", "201"), 48: half + "0" * 31, 49: "156", 63: b"01 ".hex()}
    told = foreign.ask("0500", totals)
    assert (told[48][:30], told[48][30]) == (half[:30], "1")


def test_what_it_cannot_do_has_a_code(foreign: Foreign) -> None:
    foreign.sign_on()
    strange = foreign.sale(100) | {3: "990000"}
    assert foreign.pay(strange)[39] == "30"
    assert sum(foreign.server.spent().values()) == 0


def test_answers_name_the_institution_that_was_set(tmp_path: Path) -> None:
    tmk = add_terminal(tmp_path / "acquirer").reveal()
    with Server(tmp_path / "acquirer", "--institution", "1040000") as server:
        server.put(DEBIT)
        foreign = Foreign(server, tmk)
        assert foreign.sign_on()[32] == "1040000"
        assert foreign.pay(foreign.sale(100))[32] == "1040000"
    for wrong in ("", "12345678901234", "abc"):
        asked = command("serve", "--institution", wrong, "--data", tmp_path / "acquirer")
        assert subprocess.run(asked, capture_output=True, check=False).returncode == 2
