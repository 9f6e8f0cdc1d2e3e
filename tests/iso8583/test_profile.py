"""What a profile decides, key by key, and its mistakes, which are named."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from firmware.core.kinds import Totals
from firmware.iso8583.client import HostClient
from firmware.iso8583.messages import Answered, NoAnswer, NoAnswerCause
from firmware.iso8583.profile import Profile, ProfileError
from firmware.iso8583.unionpay import Unacceptable, UnionPay, line_of
from tests.iso8583.ends import (
    EMBEDDED,
    KEYS,
    OTHER,
    PROFILE,
    REQUESTS,
    TODAY,
    UNIONPAY,
    Ends,
    dated,
)

TOTALS = Totals(sales=1, sales_minor=500)


def own(**messages: Any) -> Ends:
    return Ends(UnionPay(replace(PROFILE, messages=replace(PROFILE.messages, **messages))))


def test_a_profile_decides_what_a_request_has_and_how_long_field_60_is() -> None:
    messages = replace(PROFILE.messages, field_60_digits=19)
    requests = PROFILE.requests | {"sale": (4, 11, 41, 42, 60, 64)}
    ends = Ends(UnionPay(replace(PROFILE, messages=messages, requests=requests)))
    fields = ends.fields(REQUESTS["sale"])
    assert [key for key in fields if key != "t"] == ["4", "11", "41", "42", "60", "64"]
    assert fields["60"] == "2200002400050000000"


def test_entry_modes_and_organisation_are_the_profiles() -> None:
    ends = own(entry_modes=("071", "072"), organisation="VIS")
    sale = REQUESTS["sale"]
    assert ends.fields(sale)["22"] == "071"
    without = replace(sale, card=replace(sale.card, pin=None))
    assert ends.fields(without)["22"] == "072"
    assert ends.fields(REQUESTS["refund"])["63"] == "VIS"


class TestASettlementWithAMac:
    ENDS = Ends(
        UnionPay(
            replace(
                PROFILE,
                requests=PROFILE.requests | {"settlement": (*PROFILE.requests["settlement"], 64)},
            )
        )
    )
    SETTLE = REQUESTS["settlement"]

    def test_it_is_read_under_the_terminals_key_alone(self) -> None:
        assert self.ENDS.heard(self.ENDS.asks(self.SETTLE)).request == self.SETTLE
        forged = self.ENDS.asks(self.SETTLE, OTHER)
        assert self.ENDS.heard(forged).request == Unacceptable("A0", "MAC differs")

    def test_an_answer_without_it_is_none(self) -> None:
        told = Answered("00", host_totals=self.SETTLE.totals, balanced=True)
        answer = self.ENDS.answers(self.SETTLE, told)
        assert self.ENDS.reads(answer, self.SETTLE).answer == told
        read = self.ENDS.reads(UNIONPAY.answers(self.SETTLE, told), self.SETTLE).answer
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
        ("unionpay", "balance", "55", False),
        ("unionpay", "upload", "94", True),
        ("unionpay", "upload", "12", False),
        ("embedded", "reversal", "00", True),
        ("embedded", "reversal", "12", False),
        ("embedded", "reversal", "25", True),
        ("embedded", "reversal", "94", False),
        ("embedded", "sale", "11", False),
        ("embedded", "offline", "94", False),
        ("embedded", "refund", "00", True),
        *(("embedded", "sale", code, False) for code in ("10", "77", "99", "A0")),
        ("embedded", "balance", "55", False),
        ("embedded", "upload", "00", True),
        ("embedded", "upload", "94", True),
        ("embedded", "upload_chip", "94", True),
        ("embedded", "upload_end", "94", True),
        ("embedded", "upload_end", "12", False),
    ],
)
def test_what_a_code_means_for_a_request_is_the_profiles(
    name: str, what: str, code: str, approves: bool
) -> None:
    line = line_of(name)
    client = HostClient(CodeLink(line, code), lambda: line, lambda: KEYS)
    asked = dated(REQUESTS[what])
    answer = client.ask(asked, 1_000)
    assert isinstance(answer, Answered), answer
    assert (answer.response_code, answer.is_approval) == (code, approves)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[requests]\nbuy = [11]", "requests.buy: expected one of balance, sale"),
        ("[requests]\nsale = [11, 41, 42]", "requests.sale: field 41 is not among"),
        ("[requests]\nsale = [11]", "requests.sale: 41 is missing"),
        ('[messages]\ntimes = "terminal"', "messages.times: wants a field 12 of n6 or more"),
        (
            '[messages]\noriginal = "full"',
            r"messages.original: wants a field 61 of n\.\.30",
        ),
        ('[messages]\noriginal = "full"\n[fields]\n61 = "n30"', "messages.original: wants"),
        ("[messages]\npin_block_4 = 62", r"messages.pin_block_4: wants a field 62 of b\.\.16"),
        ('[messages]\npin_block_4 = 62\n[fields]\n62 = "ans...16"', "messages.pin_block_4: wants"),
        (
            '[settlement]\ntotals = "kinds"',
            r"settlement.totals: wants a field 48 of n\.\.111",
        ),
        ('[fields]\n60 = "n...11"', "messages.field_60_digits: field 60 has 11 digits at most"),
    ],
)
def test_a_mistake_in_a_profile_is_named(text: str, words: str) -> None:
    heading = "" if "[fields]" in text else "[fields]\n"
    with pytest.raises(ProfileError, match=words):
        Profile.from_toml(f'name = "x"\n{text}\n{heading}11 = "n6"\n64 = "b8"', "own.toml")


def test_a_format_of_pin_blocks_that_has_no_field_is_a_mistake() -> None:
    with pytest.raises(ProfileError, match=r"no field for host\.pin_block = 4"):
        line_of("unionpay", pin_block=4)


@pytest.mark.parametrize(
    ("answer", "balanced"),
    [
        (Answered("00", host_totals=TOTALS, balanced=True), True),
        (Answered("00", host_totals=replace(TOTALS, sales=2), balanced=True), False),
        (Answered("96", host_totals=TOTALS, balanced=True), False),
        (Answered("00", host_totals=TOTALS, balanced=False), False),
    ],
    ids=["all agree", "other totals", "no approval", "said not to be"],
)
def test_totals_by_kinds_balance_where_code_result_and_totals_say_so(
    answer: Answered, balanced: bool
) -> None:
    request = replace(EMBEDDED.requests["settlement"], totals=TOTALS)
    read = EMBEDDED.reads(EMBEDDED.answers(request, answer), request).answer
    assert isinstance(read, Answered)
    assert read.balanced is balanced


def test_a_request_with_the_terminals_time_has_the_fields_for_it() -> None:
    text = '[messages]\ntimes = "terminal"\n[requests]\nsale = [11, 41, 42, 60, 64]\n'
    there = ("11", "12", "13", "41", "42", "60", "64")
    fields = "".join(f'{number} = "{PROFILE.fields[number]}"\n' for number in there)
    with pytest.raises(ProfileError, match=r"requests\.sale: 12 is missing"):
        Profile.from_toml(f'name = "x"\n{text}[fields]\n{fields}', "own.toml")
