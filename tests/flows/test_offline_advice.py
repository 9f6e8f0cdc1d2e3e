"""Offline sales: what is kept of the card until the host knows of them, and what becomes of it."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from firmware.acquirer.embedded import LocalHost
from firmware.core.config import Config
from firmware.core.kinds import Copy
from firmware.core.masked import Pan, SecretKey
from firmware.iso8583.messages import (
    Answered,
    CardPresented,
    FinancialRequest,
    NoAnswer,
    NoAnswerReason,
)
from firmware.iso8583.unionpay import embedded_line
from firmware.journal.advice_records import AdviceAnswered, AdviceAttempted, AdviceQueued
from firmware.journal.faults import JournalFault
from firmware.journal.lookups import Lookups
from firmware.journal.paper_records import PrintQueued
from firmware.journal.payments import fields_of
from firmware.journal.transactions import Advice, State, Transaction
from firmware.lab.issuers import tray_books
from firmware.lab.scenario.acquirers import Embedded
from firmware.lab.scenario.player import Player
from firmware.lab.scenario.stage import START, Stage
from firmware.payments.advice import TRY_AGAIN, send_advices
from firmware.payments.effects import Append, Authorise, Look, Unseal
from firmware.payments.sealed_cards import keeping, seal, unseal
from firmware.terminal.assembly import embedded_host
from hw.ports import Clock
from tests.flows.at_a_line import sealed_rows
from tests.flows.script import Pair, desk, follow
from tests.journal.story import CARD
from tests.payment import payment, yuan
from tests.playing import play

PAN = "5413330089020029"
PLACE, KEY = (3, 17), SecretKey(b"c" * 32)
PRESENTED = CardPresented(Pan(PAN), "01", "3012", de55=bytes.fromhex("9F2608AABBCCDDEEFF0011"))


PAYMENT = payment(batch=PLACE[0], stan=PLACE[1], amount=yuan(5_000))


def owed(attempts: int = 0, *, told: bool = False) -> Advice:
    sale = Transaction(**fields_of(PAYMENT), card=CARD, state=State.APPROVED, offline=True)
    return Advice(transaction=sale, attempts=attempts, told=told)


def request() -> FinancialRequest:
    return FinancialRequest(PAYMENT, PRESENTED, offline=True)


def test_a_sealed_card_is_read_only_with_its_key_at_its_place():
    sealed = seal(PRESENTED, *PLACE, KEY)
    assert unseal(sealed, *PLACE, KEY) == PRESENTED
    assert PAN.encode() not in sealed
    assert seal(PRESENTED, *PLACE, KEY) != sealed
    for wrong in (
        lambda: unseal(sealed, 3, 18, KEY),
        lambda: unseal(sealed, *PLACE, SecretKey(b"d" * 32)),
        lambda: unseal(sealed[:-1] + bytes([sealed[-1] ^ 1]), *PLACE, KEY),
        lambda: unseal(b"", *PLACE, KEY),
    ):
        with pytest.raises(JournalFault):
            wrong()


def test_a_card_that_an_earlier_release_sealed_is_read():
    sealed = bytes.fromhex(
        "8e9cf080552ac1b39d570a20821ed8614eacbe5dcba44d7e258f8a79005da61ca4615eac6a4ca964466aafe8fd0f86f2"
        "a48b85736cf47767c89f290985b0c5e3d6679a7269f520ee2fcdc524656e8d"
    )
    de55 = bytes.fromhex("9F2608A1B2C3D4E5F60718")
    expected = CardPresented(Pan("6250941006528599"), "01", "3012", de55=de55)
    assert unseal(sealed, 3, 17, SecretKey(bytes(range(32)))) == expected


def test_no_track_data_and_no_pin_is_sealed():
    records = (AdviceQueued(batch=3, stan=17),)
    assert keeping(records, PRESENTED, KEY) is not None
    assert keeping((), PRESENTED, KEY) is None
    assert unseal(seal(PRESENTED, *PLACE, KEY), *PLACE, KEY).track2 is None


def test_an_accepted_advice_is_recorded_with_the_acquirers_reference():
    told = AdviceAnswered(
        batch=3, stan=17, response_code="00", reference="632600000001", authorisation_code="123456"
    )
    done = follow(
        send_advices(desk()),
        (Look.of(Lookups.advices), [owed()]),
        (Unseal(3, 17), PRESENTED),
        (Authorise(request()), Answered("00", "632600000001", "123456")),
        (Append.of(told), None),
    )
    assert done is True


def stays_owed(attempt: int, detail: str, *slip: PrintQueued) -> Pair:
    attempted = AdviceAttempted(batch=3, stan=17, attempt=attempt, detail=detail)
    return Append.of(attempted, *slip), None


def test_without_an_answer_nothing_else_is_sent_and_no_slip_tells_of_it():
    done = follow(
        send_advices(desk()),
        (Look.of(Lookups.advices), [owed(attempts=4), owed(attempts=5)]),
        (Unseal(3, 17), PRESENTED),
        (Authorise(request()), NoAnswer(NoAnswerReason.TIMED_OUT)),
        stays_owed(5, "timed out"),
    )
    assert done is False


@pytest.mark.parametrize("code", sorted(TRY_AGAIN))
def test_an_advice_that_cannot_be_taken_stays_owed_and_holds_up_none_behind_it(code: str):
    done = follow(
        send_advices(desk()),
        (Look.of(Lookups.advices), [owed(), owed(attempts=1)]),
        (Unseal(3, 17), PRESENTED),
        (Authorise(request()), Answered(code)),
        stays_owed(1, code),
        (Unseal(3, 17), PRESENTED),
        (Authorise(request()), Answered(code)),
        stays_owed(2, code),
    )
    assert done is False


def test_an_advice_that_is_approved_in_part_stays_owed():
    part = Answered("10", amount=yuan(1))
    done = follow(
        send_advices(desk()),
        (Look.of(Lookups.advices), [owed()]),
        (Unseal(3, 17), PRESENTED),
        (Authorise(request()), part),
        stays_owed(1, "10"),
    )
    assert done is False


@pytest.mark.parametrize(
    ("attempts", "told", "slips"), [(1, False, 0), (2, False, 1), (3, True, 0)]
)
def test_one_slip_tells_a_person_of_an_advice_that_the_acquirer_cannot_take(
    attempts: int, told: bool, slips: int
):
    slip = PrintQueued(job=9, copy=Copy.FAULT, batch=3, stan=17)
    follow(
        send_advices(desk()),
        (Look.of(Lookups.advices), [owed(attempts, told=told)]),
        (Unseal(3, 17), PRESENTED),
        (Authorise(request()), Answered("96")),
        [(Look.of(Lookups.next_job), 9)] * slips,
        stays_owed(attempts + 1, "96", *[slip] * slips),
    )


def test_a_refused_advice_prints_what_a_person_has_to_claim():
    told = AdviceAnswered(batch=3, stan=17, response_code="14")
    slip = PrintQueued(job=9, copy=Copy.FAULT, batch=3, stan=17)
    done = follow(
        send_advices(desk()),
        (Look.of(Lookups.advices), [owed()]),
        (Unseal(3, 17), PRESENTED),
        (Authorise(request()), Answered("14")),
        (Look.of(Lookups.next_job), 9),
        (Append.of(told, slip), None),
    )
    assert done is True


OFFLINE_SALE = (
    ("press", "5000", "ENTER"),
    ("press", "ENTER"),
    ("insert", "offline-ok"),
    ("expect paper", "脱机交易 OFFLINE"),
    ("press", "ENTER"),
    ("remove",),
)


def test_the_card_number_is_on_no_disk_and_its_sealed_form_goes_with_the_answer(
    player: Player, tmp_path: Path
):
    play(player, ("fault", "host", "down"), *OFFLINE_SALE, ("wait", "40s"))
    assert sealed_rows(tmp_path) == 1
    terminal_files = [path for path in tmp_path.rglob("*") if "host" not in path.name]
    written = b"".join(path.read_bytes() for path in terminal_files if path.is_file())
    assert len(written) > 100_000
    assert PAN.encode() not in written
    assert bytes.fromhex(PAN) not in written
    play(player, ("clear", "host"), ("wait", "5m"), ("expect books balanced",))
    assert sealed_rows(tmp_path) == 0


class FaultFinder:
    """A HostLink to a host whose system fails over one amount, every time."""

    def __init__(self, host: LocalHost) -> None:
        self._host, self._messages = host, embedded_line(0)

    def exchange(self, message: bytes, timeout_ms: int) -> bytes | None:
        opened = self._messages.open_request(message)
        assert opened is not None
        asked = self._messages.read_opened(opened, self._host.session, START.date())
        request = asked.request
        if isinstance(request, FinancialRequest) and request.payment.amount == yuan(5_000):
            return self._messages.answer(asked, Answered("96"), self._host.session)
        return self._host.exchange(message, timeout_ms)

    def close(self) -> None:
        self._host.close()


def at_a_fault_finder(config: Config, directory: Path, clock: Clock) -> Embedded:
    host = embedded_host(config, directory, tray_books(), clock.now)
    return Embedded(config, host, FaultFinder(host))


def test_a_sale_that_the_host_cannot_take_is_named_on_paper_and_display(tmp_path: Path):
    """Nothing else waits for it but the settlement, and a person knows why."""
    other = (("press", "4000", "ENTER"), *OFFLINE_SALE[1:])
    made = Player(
        tmp_path,
        tmp_path,
        make_stage=lambda config: Stage(tmp_path, config, acquirer=at_a_fault_finder),
    )
    with closing(made) as player:
        play(player, *OFFLINE_SALE, ("wait", "40s"), *other, ("wait", "40s"))
        play(player, ("expect screen", "1笔脱机交易待上送"), ("tear",), ("wait", "10m"))
        slip = ("故障单", "非凭证 NOT A RECEIPT", "000001", "RMB 50.00", "交易自动重新")
        play(player, ("expect paper", *slip), ("expect no paper", "40.00"), ("tear",))
        play(player, ("wait", "1h"), ("expect no paper", "故障单"))
        play(player, ("press", "MENU", "6"), ("press", "ENTER"))
        play(player, ("expect screen", "脱机交易未上送", "000001 50.00"), ("press", "ENTER"))
        play(player, ("press", "MENU", "8", "3"), ("press", "ENTER"))
        play(player, ("expect screen", "1笔脱机交易待上送", "000001 50.00"))
