"""What a profile decides, key by key, and its mistakes, which are named."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from firmware.iso8583.client import LineClient
from firmware.iso8583.messages import Answered, NoAnswer, NoAnswerCause, ReversalRequest
from firmware.iso8583.profile import Profile, ProfileError
from firmware.iso8583.unionpay import Unacceptable, UnionPay, line_of
from tests.iso8583.test_unionpay import KEYS, OTHER, PROFILE, REQUESTS, TODAY, parts


def own(**messages: Any) -> UnionPay:
    return UnionPay(replace(PROFILE, messages=replace(PROFILE.messages, **messages)))


def test_a_profile_decides_what_a_request_has_and_how_long_field_60_is() -> None:
    messages = replace(PROFILE.messages, field_60_digits=19)
    requests = PROFILE.requests | {"sale": (4, 11, 41, 42, 60, 64)}
    line = UnionPay(replace(PROFILE, messages=messages, requests=requests))
    fields = parts(line.request(REQUESTS["sale"], KEYS))
    assert [key for key in fields if key != "t"] == ["4", "11", "41", "42", "60", "64"]
    assert fields["60"] == "2200002400050000000"


def test_entry_modes_and_organisation_are_the_profiles() -> None:
    line = own(entry_modes=("071", "072"), organisation="VIS")
    sale = REQUESTS["sale"]
    assert parts(line.request(sale, KEYS))["22"] == "071"
    without = replace(sale, card=replace(sale.card, pin=None))
    assert parts(line.request(without, KEYS))["22"] == "072"
    assert parts(line.request(REQUESTS["refund"], KEYS))["63"] == "VIS"


class TestASettlementWithAMac:
    LINE = UnionPay(
        replace(
            PROFILE,
            requests=PROFILE.requests | {"settlement": (*PROFILE.requests["settlement"], 64)},
        )
    )

    def heard(self, keys: Any) -> Any:
        opened = self.LINE.open_request(self.LINE.request(REQUESTS["settlement"], keys))
        assert opened is not None
        return self.LINE.read_opened(opened, KEYS, TODAY)

    def test_it_is_read_under_the_terminals_key_alone(self) -> None:
        assert self.heard(KEYS).request == REQUESTS["settlement"]
        assert self.heard(OTHER).request == Unacceptable("A0", "MAC differs")

    def test_an_answer_without_it_is_none(self) -> None:
        asked = self.heard(KEYS)
        told = Answered("00", host_totals=asked.request.totals, balanced=True)
        settle = REQUESTS["settlement"]
        assert self.LINE.read_answer(self.LINE.answer(asked, told, KEYS), settle, KEYS).answer == (
            replace(told, remark="")
        )
        plain = UnionPay(PROFILE).answer(asked, told, None)
        read = self.LINE.read_answer(plain, settle, KEYS).answer
        assert isinstance(read, NoAnswer)
        assert read.cause is NoAnswerCause.WRONG_MAC


class CodeLink:
    """The end of a line that answers every request with one code."""

    undelivered = False

    def __init__(self, line: UnionPay, code: str) -> None:
        self._line, self._code = line, code

    def exchange(self, frame: bytes, _timeout_ms: int) -> bytes:
        opened = self._line.open_request(frame)
        assert opened is not None
        asked = self._line.read_opened(opened, KEYS, TODAY)
        return self._line.answer(asked, Answered(self._code), KEYS)

    def close(self) -> None:
        """Nothing is open."""


@pytest.mark.parametrize(
    ("name", "what", "code", "approves"),
    [
        ("unionpay", "reversal", "00", True),
        ("unionpay", "reversal", "12", True),
        ("unionpay", "reversal", "25", True),
        ("unionpay", "reversal", "94", False),
        ("unionpay", "sale", "11", True),
        ("unionpay", "sale", "94", False),
        ("unionpay", "offline", "94", True),
        ("embedded", "reversal", "00", True),
        ("embedded", "reversal", "12", False),
        ("embedded", "reversal", "25", True),
        ("embedded", "reversal", "94", False),
        ("embedded", "sale", "11", False),
        ("embedded", "offline", "94", False),
    ],
)
def test_what_a_code_means_for_a_request_is_the_profiles(
    name: str, what: str, code: str, approves: bool
) -> None:
    line = line_of(name)
    client = LineClient(CodeLink(line, code), lambda: line, lambda: KEYS)
    asked = dated(REQUESTS[what])
    answer = client.ask(asked, 1_000)
    assert isinstance(answer, Answered), answer
    assert (answer.response_code, answer.is_approval) == (code, approves)


def dated(request: Any) -> Any:
    """The request on a day, where the embedded acquirer's messages say it."""
    at = {"date": f"{TODAY:%Y%m%d}", "time": "120000"}
    if isinstance(request, ReversalRequest):
        return replace(request, **at)
    return replace(request, payment=replace(request.payment, **at))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[requests]\nbuy = [11]", "requests.buy: expected one of balance, sale"),
        ("[requests]\nsale = [11, 41, 42]", "requests.sale: field 41 is not among"),
        ("[requests]\nsale = [11]", "requests.sale: 41 is missing"),
        ('[messages]\ntimes = "terminal"', "messages.times: wants a field 12 of 6 or more"),
        ('[messages]\noriginal = "full"', "messages.original: wants a field 61 of 30 or more"),
        ("[messages]\npin_block_4 = 62", "messages.pin_block_4: wants a field 62 of 16 or more"),
        ('[settlement]\ntotals = "kinds"', "settlement.totals: wants a field 48 of 111 or more"),
    ],
)
def test_a_mistake_in_a_profile_is_named(text: str, words: str) -> None:
    with pytest.raises(ProfileError, match=words):
        Profile.from_toml(f'name = "x"\n{text}\n[fields]\n11 = "n6"\n64 = "b8"', "own.toml")


def test_a_request_with_the_terminals_time_has_the_fields_for_it() -> None:
    text = '[messages]\ntimes = "terminal"\n[requests]\nsale = [11, 41, 42, 60, 64]\n'
    there = ("11", "12", "13", "41", "42", "60", "64")
    fields = "".join(f'{number} = "{PROFILE.fields[number]}"\n' for number in there)
    with pytest.raises(ProfileError, match=r"requests\.sale: 12 is missing"):
        Profile.from_toml(f'name = "x"\n{text}[fields]\n{fields}', "own.toml")
