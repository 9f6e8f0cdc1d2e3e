"""What a profile decides, key by key, and its mistakes, which are named."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from firmware.iso8583.messages import Answered, NoAnswer, NoAnswerCause
from firmware.iso8583.profile import Profile, ProfileError
from firmware.iso8583.unionpay import Unacceptable, UnionPay
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
