"""A balance enquiry on an acquirer's line: what it says, and which answer is one."""

from __future__ import annotations

from msgspec.structs import replace

from firmware.iso8583.messages import Answered, Balance
from tests.iso8583.ends import ANSWER, CNY, REQUESTS, UNIONPAY


def test_a_balance_has_its_codes_and_no_amount() -> None:
    fields = UNIONPAY.fields(REQUESTS["balance"])
    assert (fields["3"], fields["25"], fields["22"]) == ("310000", "00", "051")
    told = replace(ANSWER, scripts=b"", issuer_authentication_data=None, balance=Balance(500, CNY))
    frame = UNIONPAY.answers(REQUESTS["balance"], told)
    assert UNIONPAY.parts(frame)["54"] == "0002156C000000000500"


def test_an_approval_without_a_balance_is_no_answer_to_an_enquiry() -> None:
    request = REQUESTS["balance"]
    for code, believed in (("00", False), ("A2", False), ("51", True)):
        answer = replace(ANSWER, response_code=code)
        read = UNIONPAY.reads(UNIONPAY.answers(request, answer), request)
        assert isinstance(read.answer, Answered) is believed
