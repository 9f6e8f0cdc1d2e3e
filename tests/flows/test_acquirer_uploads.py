"""What a batch upload holds beside details: the chip's data, singly, and what is left out of it."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import pytest
from msgspec.structs import replace

from firmware.audit import evidence_words
from firmware.audit.dossier import entries_about
from firmware.core.config import Acquirer
from firmware.emv import tlv
from firmware.journal.records import BatchUploaded, ChipUploaded, SettlementAnswered
from firmware.journal.verify import verify_journal
from hw.sim.cards.card import Card
from hw.sim.cards.commands import EXTERNAL_AUTHENTICATE
from hw.sim.cards.personalisation import TRAY
from tests.acquirer.line_acquirer import Fields
from tests.flows.at_a_line import AWAY, PAID, Counter
from tests.flows.test_other_terminal import SALE
from tests.playing import refund

SOLD = (*SALE, ("tear",))
SETTLE = (("press", "MENU", "6"), ("press", "ENTER"))
UNEVEN = (*SETTLE, ("expect screen", "对账不平"))
DECLINED_BY_CARD = (
    ("press", "3000", "ENTER"),
    ("press", "ENTER"),
    ("insert", "cloned"),
    ("expect screen", "卡片认证失败"),
    ("press", "ENTER"),
    ("remove",),
)


def elements(counter: Counter) -> list[tuple[str, Fields]]:
    """The elements of an upload by their network code, in order."""
    return [(one[60][8:11], one) for kind, one in counter.acquirer.seen if kind == "0320"]


def chips(counter: Counter) -> list[Fields]:
    return [fields for _, fields in elements(counter) if 55 in fields]


def objects(fields: Fields) -> dict[str, str]:
    told = tlv.parse(bytes.fromhex(fields[55]))
    return {f"{one.tag:X}": one.value.hex().upper() for one in told}


@pytest.fixture
def uneven(counter: Counter) -> Counter:
    counter.acquirer.balanced = False
    return counter


def test_the_chips_last_word_goes_out_singly_behind_the_details(uneven: Counter) -> None:
    uneven.play(*SOLD)
    sold, asked = uneven.last(), uneven.acquirer.seen[-1][1]
    uneven.play(*UNEVEN)
    assert [code for code, _ in elements(uneven)] == ["201", "203", "202"]
    (told,) = chips(uneven)
    assert sorted(told) == [2, 4, 11, 22, 23, 41, 42, 55, 60, 62, 64]
    for number in (2, 4, 11, 22, 23, 41, 42):
        assert told[number] == asked[number], number
    chip, first = objects(told), objects(asked)
    assert (chip["9F26"], chip["9F27"]) == (sold.emv.ac, "40"), "the TC, and no ARQC"
    assert first["9F26"] == sold.emv.arqc != chip["9F26"]
    for tag in ("9F36", "9F37", "9F02", "5F2A", "82", "9A", "9C", "9F1A", "9F33", "9F34"):
        assert chip[tag] == first[tag], tag
    assert not {"5A", "57", "5F24", "5F20"} & chip.keys()
    assert bytes.fromhex(told[62]).decode() == "610000" + told[4] + "156"
    assert uneven.acquirer.uploaded[-1] == "0001", "one transaction, told twice, is one"
    assert uneven.sealed() == 0


def test_a_balanced_batch_has_none(counter: Counter) -> None:
    counter.play(*SOLD, *SETTLE, ("expect screen", "对账平"))
    assert counter.acquirer.uploaded == ["0000"]


def test_a_setting_leaves_them_out(counter: Counter) -> None:
    counter.line = Acquirer(chip_data="never")
    counter.acquirer.balanced = False
    counter.play(*SOLD, *DECLINED_BY_CARD)
    kept = counter.terminal.data.journal.chips_to_upload(1)
    assert (kept, counter.sealed()) == ([], 1)
    counter.play(*UNEVEN)
    assert [code for code, _ in elements(counter)] == ["201", "202"]


def test_a_setting_sends_them_always_and_the_profile_says_under_which_code(
    counter: Counter, tmp_path: Path
) -> None:
    shipped = resources.files("firmware.iso8583.profiles").joinpath("unionpay.toml").read_text()
    profile = tmp_path / "ours.toml"
    text = shipped.replace('chip = ["203", "204"] ', 'chip = ["205", "206"] ')
    assert text != shipped
    fields = "upload_chip = [2, 4, 11, 22, 23, 41, 42, 55, 60, 62, 64]"
    profile.write_text(text.replace(fields, "upload_chip = [2, 4, 11, 41, 42, 49, 55, 60, 64]"))
    counter.line = Acquirer(chip_data="always", profile=str(profile))
    counter.play(*SOLD, *SETTLE, ("expect screen", "对账平"), ("press", "ENTER"))
    assert [code for code, _ in elements(counter)] == ["203", "207"]
    assert counter.acquirer.uploaded[-1] == "0001"
    assert sorted(chips(counter)[0]) == [2, 4, 11, 41, 42, 49, 55, 60, 64]
    counter.acquirer.balanced = False
    counter.play(*SOLD, *UNEVEN)
    assert [code for code, _ in elements(counter)][2:] == ["201", "205", "202"]


def test_a_setting_has_each_transaction_go_up_once(counter: Counter) -> None:
    counter.line = Acquirer(chip_in_details=False)
    counter.acquirer.balanced = False
    counter.play(*SOLD, *SOLD, ("press", "MENU", "2", "246810", "ENTER", "2", "ENTER"))
    counter.play(("press", "ENTER"), ("insert", "visa-credit"), ("expect screen", "交易成功"))
    counter.play(*AWAY, ("tear",), *UNEVEN)
    assert [code for code, _ in elements(counter)] == ["201", "203", "203", "202"]
    assert counter.acquirer.uploaded[0][:8] == "01" + "00" + "0000"
    assert [int(fields[11]) for fields in chips(counter)] == [1, 2]
    assert counter.acquirer.uploaded[-1] == "0003"


def test_what_a_card_declined_by_itself_is_told_as_failed(uneven: Counter) -> None:
    uneven.play(*SOLD, *DECLINED_BY_CARD)
    declined = uneven.last()
    assert (declined.stan, declined.response_code, uneven.sealed()) == (2, "Z1", 2)
    assert "0220" not in uneven.acquirer.types()
    uneven.play(*UNEVEN)
    assert [code for code, _ in elements(uneven)] == ["201", "203", "204", "202"]
    told = chips(uneven)[1]
    assert (told[11], told[4]) == ("000002", f"{3_000:012d}")
    assert objects(told)["9F27"] == "00"
    assert objects(told)["9F26"] == declined.emv.ac
    assert bytes.fromhex(told[62]).decode() == "710011" + told[4] + "15610"
    assert uneven.acquirer.uploaded[-1] == "0002"
    assert uneven.acquirer.standing == 2_000
    assert uneven.sealed() == 0


class Unproven(Card):
    """It says that the ARPC is wrong, and approves all the same."""

    def answer(self, command: bytes) -> bytes:
        answer = super().answer(command)
        said_well = command[1] == EXTERNAL_AUTHENTICATE and answer == b"\x90\x00"
        return b"\x63\x00" if said_well else answer


def test_a_card_that_approves_what_it_cannot_prove_is_told_as_failed(uneven: Counter) -> None:
    uneven.player.stage.bench.tray["visa-credit"] = Unproven.from_file(TRAY / "visa-credit.toml")
    uneven.play(*SOLD, *UNEVEN)
    assert [code for code, _ in elements(uneven)] == ["201", "204", "202"]
    told = chips(uneven)[0]
    assert int(objects(told)["95"], 16) & 0x40
    assert objects(told)["9F27"] == "40"
    assert bytes.fromhex(told[62]).decode() == "710005" + told[4] + "15622"


def test_what_was_reversed_is_in_no_upload(uneven: Counter) -> None:
    """The acquirer approved, the card did not: nothing stands, and the reversal has said why."""
    uneven.play(*SOLD)
    plain = uneven.acquirer.chip
    uneven.acquirer.chip = lambda fields: "910A" + "00" * 8 + "3030"
    uneven.play(*PAID, ("press", "ENTER"), ("remove",), ("tear",))
    uneven.acquirer.chip = plain
    assert uneven.acquirer.types()[-1] == "0400"
    uneven.play(*UNEVEN)
    assert [code for code, _ in elements(uneven)] == ["201", "203", "202"]
    assert [fields[11] for fields in chips(uneven)] == ["000001"]
    assert uneven.acquirer.uploaded[-1] == "0001"


def test_a_voided_sale_and_its_void_are_both_there_as_in_the_totals(uneven: Counter) -> None:
    uneven.play(*SOLD, ("press", "MENU", "2", "246810", "ENTER", "1", "ENTER"))
    uneven.play(("press", "ENTER"), ("insert", "visa-credit"), ("expect screen", "交易成功"))
    uneven.play(*AWAY, ("tear",), *UNEVEN)
    settled = next(fields for kind, fields in uneven.acquirer.seen if kind == "0500")
    assert (settled[48][12:15], settled[48][27:30]) == ("001", "001")
    details = uneven.acquirer.uploaded[0]
    assert details[:2] == "02"
    assert [details[at : at + 6] for at in (4, 44)] == ["000001", "000002"]
    assert [fields[11] for fields in chips(uneven)] == ["000001"], "a void asks for no cryptogram"
    assert uneven.acquirer.uploaded[-1] == "0002"


def test_refunds_come_in_a_message_of_their_own_behind_what_was_asked(uneven: Counter) -> None:
    uneven.play(*SOLD, *SETTLE, ("expect screen", "对账不平"), ("press", "ENTER"))
    uneven.acquirer.uploaded.clear()
    uneven.play(*refund(1, 500, "visa-credit"), ("tear",))
    uneven.play(*SOLD, *UNEVEN)
    assert [one[:10] for one in uneven.acquirer.uploaded] == [
        "0100000003",
        "0100000002",
        "203 000003",
        "0002",
    ]


@pytest.mark.parametrize("code", ["94", "11"])
def test_what_the_acquirer_has_is_taken(uneven: Counter, code: str) -> None:
    uneven.play(*SOLD)
    uneven.acquirer.codes["0320"] = ["00", code]
    uneven.play(*UNEVEN)
    assert uneven.acquirer.uploaded[-1] == "0001"


def test_chip_data_that_are_not_wanted_leave_no_batch_open(uneven: Counter) -> None:
    uneven.line = Acquirer(chip_in_details=False)
    uneven.play(*SOLD, *SOLD)
    uneven.acquirer.codes["0320"] = ["30"]
    uneven.play(*UNEVEN)
    assert [code for code, _ in elements(uneven)] == ["203", "203", "202"]
    assert uneven.acquirer.uploaded[-1] == "0001", "what was not taken is not counted"
    told = [
        entry.record
        for entry in uneven.terminal.data.journal.records()
        if isinstance(entry.record, ChipUploaded)
    ]
    assert told == [
        ChipUploaded(batch=1, stan=1, response_code="30", taken=False),
        ChipUploaded(batch=1, stan=2, response_code="00", taken=True),
    ]


def test_a_key_that_is_not_known_any_more_stops_it_until_the_next_sign_on(
    uneven: Counter,
) -> None:
    uneven.play(*SOLD, *SOLD)
    uneven.acquirer.codes["0320"] = ["00", "00", "A0"]
    uneven.play(*SETTLE, ("expect screen", "结算未完成"), ("press", "ENTER"))
    uneven.play(*UNEVEN[:1], ("expect screen", "对账不平"))
    assert uneven.acquirer.uploaded[-1] == "0002"
    assert [fields[11] for fields in chips(uneven)] == ["000001", "000002", "000002"]
    assert uneven.acquirer.types().count("0500") == 1


def test_an_upload_that_a_release_before_began_is_ended(uneven: Counter) -> None:
    """It named no vouchers, and left out what was voided."""
    uneven.play(*SOLD, ("press", "MENU", "2", "246810", "ENTER", "1", "ENTER"))
    uneven.play(("press", "ENTER"), ("insert", "visa-credit"), ("expect screen", "交易成功"))
    uneven.play(*AWAY, ("tear",), *SOLD, *SOLD)
    journal = uneven.terminal.data.journal
    uneven.acquirer.lose = lambda kind, _fields: kind == "0500"
    uneven.play(*SETTLE, ("expect screen", "结算未完成"), ("press", "ENTER"))
    uneven.acquirer.lose = lambda _kind, _fields: False
    totals = journal.totals(1)
    said = SettlementAnswered(batch=1, host_totals=totals, balanced=False)
    journal.append(said, BatchUploaded(batch=1, count=1))
    uneven.play(*UNEVEN[:1], ("expect screen", "对账不平"))
    details = uneven.acquirer.uploaded[0]
    assert details[:2] == "03"
    assert [int(details[at : at + 6]) for at in (4, 44, 84)] == [1, 2, 4], "3 was taken before"
    assert uneven.acquirer.uploaded[-1] == "0004"


def test_a_pre_authorisations_chip_goes_up_and_its_amount_does_not(uneven: Counter) -> None:
    uneven.play(
        ("press", "MENU", "9", "1"),
        ("press", "100000", "ENTER"),
        ("press", "ENTER"),
        ("insert", "visa-credit"),
        ("expect screen", "交易成功"),
        *AWAY,
        ("tear",),
        *SOLD,
        *UNEVEN,
    )
    assert uneven.acquirer.uploaded[0][:10] == "0100000002"
    assert [fields[11] for fields in chips(uneven)] == ["000001", "000002"]
    assert uneven.acquirer.uploaded[-1] == "0002"


def test_what_is_kept_is_in_the_chain_and_names_no_card(uneven: Counter) -> None:
    uneven.play(*SOLD, *DECLINED_BY_CARD, *UNEVEN, ("press", "ENTER"))
    pan = chips(uneven)[0][2]
    journal = uneven.terminal.data.journal
    whole = "\n".join(entry.body for entry in journal.records())
    assert '"chip_data":"9F26' in whole
    assert pan not in whole
    keys = journal.keys.public_key
    uneven.player.close()
    assert verify_journal(uneven.directory, keys).faults == []


@pytest.mark.parametrize(("code", "words"), [("00", "[00]"), ("25", "未收 not taken")])
def test_evidence_says_what_became_of_them(uneven: Counter, code: str, words: str) -> None:
    uneven.play(*SOLD)
    uneven.acquirer.codes["0320"] = ["00", code]
    uneven.play(*UNEVEN)
    journal = uneven.terminal.data.journal
    sold = journal.transaction(1, 1)
    assert sold is not None
    said = [evidence_words.told(entry.record) for entry in entries_about(journal, sold)]
    assert [one for one in said if one.startswith("芯片数据已上送") and words in one]


def test_a_batch_that_the_acquirer_does_not_have_any_more_keeps_no_card(uneven: Counter) -> None:
    """Its number is the acquirer's, and nothing of it can be uploaded: it is no use to keep it."""
    uneven.play(*DECLINED_BY_CARD)
    assert uneven.sealed() == 1
    uneven.acquirer.batch = 7
    uneven.play(("wait", "24h"), *PAID[:2], ("insert", "visa-credit"), ("wait", "1m"), ("remove",))
    assert uneven.terminal.data.journal.batch() == 7
    assert uneven.sealed() == 0


def _second_chip(_kind: str, fields: Fields) -> bool:
    return (fields[60][8:11], fields[11]) == ("203", "000002")


@pytest.mark.parametrize("then", [Acquirer(chip_data="never"), Acquirer(chip_in_details=False)])
def test_a_setting_that_changes_within_an_upload_sends_nothing_again(
    uneven: Counter, then: Acquirer
) -> None:
    uneven.play(*SOLD, *SOLD)
    uneven.acquirer.lose = _second_chip
    uneven.play(*SETTLE, ("expect screen", "结算未完成"), ("power cut",))
    uneven.acquirer.lose = lambda _kind, _fields: False
    stage = uneven.player.stage
    stage.config = replace(stage.config, acquirer=then)
    uneven.play(("power on",), ("expect screen", "对账不平"))
    again = ["203"] if then.chip_data != "never" else []
    assert [code for code, _ in elements(uneven)] == ["201", "203", "203", *again, "202"]
    assert uneven.acquirer.uploaded[-1] == "0002"


def test_chip_data_that_were_taken_are_counted_though_a_setting_ends_them(counter: Counter) -> None:
    counter.line = Acquirer(chip_data="always")
    counter.play(*SOLD, *SOLD)
    counter.acquirer.lose = _second_chip
    counter.play(*SETTLE, ("expect screen", "结算未完成"), ("power cut",))
    counter.acquirer.lose = lambda _kind, _fields: False
    stage = counter.player.stage
    stage.config = replace(stage.config, acquirer=Acquirer(chip_data="never"))
    counter.play(("power on",), ("expect screen", "对账平"))
    assert counter.acquirer.uploaded == ["203 000001", "203 000002", "0001"]
