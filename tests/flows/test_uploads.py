"""Offline sales: what is kept of the card until the host knows of them, and what becomes of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware.effects import Authorise, Look, Record, Unseal
from firmware.flows.uploads import TRY_AGAIN, send_uploads
from firmware.host.messages import (
    Answered,
    CardPresented,
    FinancialRequest,
    HostAnswer,
    NoAnswer,
    NoAnswerReason,
)
from firmware.journal.connection import connect_read_only
from firmware.journal.faults import JournalFault
from firmware.journal.queries import NextJob, Uploads
from firmware.journal.records import (
    Copy,
    Kind,
    PrintQueued,
    UploadAnswered,
    UploadAttempted,
    UploadQueued,
)
from firmware.journal.transactions import State, Transaction, Upload
from firmware.masked import Key, Pan
from firmware.scenario.language import Step
from firmware.scenario.player import Player
from firmware.sealed import Place, keeping, seal, unseal
from tests.flows.script import desk, follow
from tests.journal.story import CARD

PAN = "5413330089020029"
PLACE, KEY = Place(3, 17), Key(b"c" * 32)
PRESENTED = CardPresented(Pan(PAN), "01", "3012", de55=bytes.fromhex("9F2608AABBCCDDEEFF0011"))


def owed(attempts: int = 0) -> Upload:
    sale = Transaction(
        kind=Kind.SALE,
        batch=PLACE.batch,
        stan=PLACE.stan,
        amount_minor=5_000,
        currency="CNY",
        card=CARD,
        operator="01",
        merchant="104110054110001",
        merchant_name="幸福小店",
        store="S01",
        terminal="10000001",
        date="20261122",
        time="090000",
        state=State.APPROVED,
        offline=True,
    )
    return Upload(transaction=sale, attempts=attempts)


def request() -> FinancialRequest:
    return FinancialRequest(
        kind=Kind.SALE,
        terminal="10000001",
        merchant="104110054110001",
        batch=PLACE.batch,
        stan=PLACE.stan,
        amount_minor=5_000,
        currency="156",
        date="20261122",
        time="090000",
        card=PRESENTED,
        operator="01",
        offline=True,
    )


def test_a_sealed_card_is_read_only_with_its_key_at_its_place():
    sealed = seal(PRESENTED, PLACE, KEY)
    assert unseal(sealed, PLACE, KEY) == PRESENTED
    assert PAN.encode() not in sealed
    assert seal(PRESENTED, PLACE, KEY) != sealed
    for wrong in (
        lambda: unseal(sealed, Place(3, 18), KEY),
        lambda: unseal(sealed, PLACE, Key(b"d" * 32)),
        lambda: unseal(sealed[:-1] + bytes([sealed[-1] ^ 1]), PLACE, KEY),
        lambda: unseal(b"", PLACE, KEY),
    ):
        with pytest.raises(JournalFault):
            wrong()


def test_no_track_data_and_no_pin_is_sealed():
    records = (UploadQueued(batch=3, stan=17),)
    assert keeping(records, PRESENTED, KEY) is not None
    assert keeping((), PRESENTED, KEY) is None
    assert unseal(seal(PRESENTED, PLACE, KEY), PLACE, KEY).track2 is None


def test_a_taken_notice_is_recorded_with_the_hosts_reference():
    told = UploadAnswered(
        batch=3, stan=17, response_code="00", reference="632600000001", authorisation_code="123456"
    )
    done = follow(
        send_uploads(desk()),
        (Look(Uploads()), [owed()]),
        (Unseal(3, 17), PRESENTED),
        (Authorise(request()), Answered("00", "632600000001", "123456")),
        (Record.of(told), None),
    )
    assert done is True


@pytest.mark.parametrize(
    "answer",
    [NoAnswer(NoAnswerReason.TIMED_OUT), *(Answered(code) for code in sorted(TRY_AGAIN))],
    ids=str,
)
def test_a_notice_that_is_not_answered_for_stays_owed(answer: HostAnswer):
    detail = answer.response_code if isinstance(answer, Answered) else "timed out"
    done = follow(
        send_uploads(desk()),
        (Look(Uploads()), [owed(attempts=4), owed()]),
        (Unseal(3, 17), PRESENTED),
        (Authorise(request()), answer),
        (Record.of(UploadAttempted(batch=3, stan=17, attempt=5, detail=detail)), None),
    )
    assert done is False


def test_a_refused_notice_prints_what_a_person_has_to_claim():
    told = UploadAnswered(batch=3, stan=17, response_code="14")
    slip = PrintQueued(job=9, copy=Copy.FAULT, batch=3, stan=17)
    done = follow(
        send_uploads(desk()),
        (Look(Uploads()), [owed()]),
        (Unseal(3, 17), PRESENTED),
        (Authorise(request()), Answered("14")),
        (Look(NextJob()), 9),
        (Record.of(told, slip), None),
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


def play(player: Player, *lines: tuple[str, ...]) -> None:
    for verb, *words in lines:
        player.play(Step(verb, tuple(words), "here"))


def sealed_rows(directory: Path) -> int:
    db = connect_read_only(directory / "journal.db")
    try:
        return int(db.execute("SELECT count(*) FROM sealed").fetchone()[0])
    finally:
        db.close()


def test_the_card_number_is_on_no_disk_and_its_sealed_form_goes_with_the_answer(tmp_path: Path):
    player = Player(tmp_path, tmp_path)
    try:
        play(player, ("fault", "host", "down"), *OFFLINE_SALE, ("wait", "40s"))
        assert sealed_rows(tmp_path) == 1
        terminal_files = [path for path in tmp_path.rglob("*") if "host" not in path.name]
        written = b"".join(path.read_bytes() for path in terminal_files if path.is_file())
        assert len(written) > 100_000
        assert PAN.encode() not in written
        assert bytes.fromhex(PAN) not in written
        play(player, ("clear", "host"), ("wait", "5m"), ("expect books balanced",))
        assert sealed_rows(tmp_path) == 0
    finally:
        player.close()
