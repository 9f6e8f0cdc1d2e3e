"""Requests of many terminals by one commit: what each gets is what it would get alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

import pytest
from msgspec.structs import replace

from firmware.acquirer.counts import Counts
from firmware.acquirer.opened import AcquirerPlace
from firmware.acquirer.registry import TerminalRecord
from firmware.acquirer.rules import RuleBook
from firmware.acquirer.sealed_records import ACCOUNT
from firmware.acquirer.switch import Switch
from firmware.acquirer.terminal_line import Reply
from firmware.core.kinds import Kind
from firmware.core.masked import SecretKey
from firmware.iso8583.messages import (
    Answered,
    Control,
    FinancialRequest,
    LineRequest,
    ReversalRequest,
)
from firmware.iso8583.working_keys import unpack_keys
from tests.acquirer.conftest import MERCHANT, NOON, ChipCard, account
from tests.acquirer.serving import LINE, LineTerminal

MASTER = SecretKey(bytes(range(1, 17)))
TERMINALS = 8
PAYERS = [account(f"payer {n}", f"62170000123456780{n:02d}") for n in range(TERMINALS)]


class Bank:
    """A switch in this process, and terminals that have signed on, each with a card of its own."""

    def __init__(self, folder: Path, url: str = "") -> None:
        self.place = AcquirerPlace(folder, url)
        registry, close = self.place.registry()
        for payer in PAYERS:
            registry.put_account(payer)
        self.tills = [
            LineTerminal(MASTER, f"4{number:07d}", card=ChipCard(payer))
            for number, payer in enumerate(PAYERS)
        ]
        for till in self.tills:
            registry.put_terminal(TerminalRecord(number=till.number, merchant=MERCHANT, tmk=MASTER))
        close()
        self.rules = folder / "rules.toml"
        self.pool = self.place.pool(lambda: NOON)
        self.counts = Counts()
        self.switch = Switch(
            LINE,
            self.pool,
            RuleBook(self.rules),
            self.counts,
            clock_now=lambda: NOON,
            monotonic_us=lambda: 0,
        )
        for till in self.tills:
            asked = till.control(Control.SIGN_ON)
            (frame,) = self.switch.answer(till.frame(asked)).frames
            answer = till.read(frame, asked).answer
            assert isinstance(answer, Answered)
            till.keys = unpack_keys(answer.working_keys, MASTER).session

    def together(self, asked: Sequence[tuple[LineTerminal, LineRequest]]) -> list[Answered | None]:
        """The answers to what has come together, None where there is none."""
        return self.sent([(till, request, till.frame(request)) for till, request in asked])

    def sent(
        self, asked: Sequence[tuple[LineTerminal, LineRequest, bytes]]
    ) -> list[Answered | None]:
        replies = self.switch.answer_all([frame for _, _, frame in asked])
        answers: list[Answered | None] = []
        for (till, request, _), found in zip(asked, replies, strict=True):
            reply = found if isinstance(found, Reply) else found()
            answer = till.read(reply.frames[0], request).answer if reply.frames else None
            answers.append(answer if isinstance(answer, Answered) else None)
        return answers

    def commits(self) -> int:
        with self.pool.taken() as connection:
            return connection.books.kept.commits

    def spent(self) -> list[int]:
        """By payer."""
        with self.pool.taken() as connection:
            found = connection.books.spent()
            return [
                found.get(payer.pan.keyed_hash(connection.registry.hash_key), 0) for payer in PAYERS
            ]

    def held(self) -> list[int]:
        """What is held, by payer."""
        with self.pool.taken() as connection:
            found = connection.books.all_funds()
            keys = [payer.pan.keyed_hash(connection.registry.hash_key) for payer in PAYERS]
            return [found[key].held_minor if key in found else 0 for key in keys]


@pytest.fixture
def bank(url: str, tmp_path: Path) -> Iterator[Bank]:
    made = Bank(tmp_path / "acquirer", url)
    yield made
    made.pool.close()


def codes(answers: Sequence[Answered | None]) -> list[str]:
    return [answer.response_code if answer is not None else "" for answer in answers]


def reversal_of(request: FinancialRequest) -> ReversalRequest:
    return ReversalRequest(request.payment, "", "", "98", request.card.pan.last4, request.card)


def test_sales_of_many_terminals_are_one_commit(bank: Bank, round_trips: list[str]) -> None:
    asked = [(till, till.sale(100 + n)) for n, till in enumerate(bank.tills)]
    bank.together([(till, till.sale(1)) for till in bank.tills])  # what is opened once is open
    before = bank.commits()
    round_trips.clear()
    answers = bank.together(asked)
    assert codes(answers) == ["00"] * TERMINALS
    assert len({answer.reference for answer in answers if answer}) == TERMINALS
    if round_trips:
        assert len(round_trips) <= 3  # who they are, what their decisions need, what they book
    else:
        assert bank.commits() == before + 1
    assert bank.spent() == [101 + n for n in range(TERMINALS)]


def test_what_rests_on_each_other_is_decided_in_order(bank: Bank) -> None:
    one, two = bank.tills[:2]
    (sold,) = bank.together([(one, one.sale(1_000))])
    assert sold is not None
    two.card = one.card  # a refund at another terminal of the merchant
    asked = [(till, till.refund(sold.reference, 400)) for till in (one, two, bank.tills[2])]
    asked[2][0].card = one.card
    asked[2] = (asked[2][0], asked[2][0].refund(sold.reference, 400))
    assert codes(bank.together(asked)) == ["00", "00", "64"]
    assert bank.spent()[0] == 200


def test_a_request_twice_at_once_is_booked_once(bank: Bank) -> None:
    till = bank.tills[0]
    sale = till.sale(700)
    frame = till.frame(sale)
    first, second = bank.sent([(till, sale, frame), (till, sale, frame)])
    assert first == second
    assert first is not None
    assert first.response_code == "00"
    assert bank.spent()[0] == 700
    other = replace(sale, payment=replace(sale.payment, amount=till.sale(800).payment.amount))
    assert codes(bank.together([(till, sale), (till, other)])) == ["00", "94"]


def test_all_that_a_line_says_comes_together(bank: Bank) -> None:
    sold = [(till, till.sale(1_000)) for till in bank.tills]
    answers = bank.together(sold)
    gone = bank.tills[0]
    reversal = reversal_of(sold[0][1])
    refunded = answers[1]
    assert refunded is not None
    wrong = bank.tills[3]
    wrong_pin = wrong.sale(10, pin="654321")
    stranger = LineTerminal(MASTER, "40009999", card=bank.tills[4].card)
    stranger.keys = bank.tills[4].keys
    forged = bank.tills[5].sale(10)
    forged_frame = bytearray(bank.tills[5].frame(forged))
    forged_frame[-1] ^= 1
    asked: list[tuple[LineTerminal, LineRequest]] = [
        (gone, reversal),
        (bank.tills[1], bank.tills[1].refund(refunded.reference, 300)),
        (bank.tills[2], bank.tills[2].settlement(sales=1, sales_minor=1_000)),
        (wrong, wrong_pin),
        (stranger, stranger.sale(10)),
        (bank.tills[4], bank.tills[4].control(Control.ECHO)),
    ]
    frames = [(till, request, till.frame(request)) for till, request in asked]
    got = bank.sent([*frames, (bank.tills[5], forged, bytes(forged_frame))])
    assert codes(got[:2]) == ["00", "00"]
    assert got[2] is not None
    assert got[2].balanced
    assert codes(got[3:4]) == ["55"]
    assert got[4] is None  # 97, under no key that it could know
    assert codes(got[5:6]) == ["00"]
    assert bank.counts.answered["0200", "97"] == bank.counts.answered["0200", "A0"] == 1
    assert bank.spent() == [0, 700, *[1_000] * (TERMINALS - 2)]


def test_a_request_that_fails_fails_alone(bank: Bank) -> None:
    registry, close = bank.place.registry()
    broken = PAYERS[3].pan.keyed_hash(registry.hash_key)
    registry.note(ACCOUNT, broken, b"sealed under no key of ours")
    close()
    asked = [(till, till.sale(100)) for till in bank.tills]
    expected = ["00"] * TERMINALS
    expected[3] = ""
    assert codes(bank.together(asked)) == expected
    assert bank.spent() == [0 if n == 3 else 100 for n in range(TERMINALS)]
    assert bank.counts.failed == 1


def test_a_rule_counts_a_request_once_however_often_it_is_tried(bank: Bank) -> None:
    bank.rules.write_text('[[rule]]\ndoes = "code"\ncode = "91"\ntype = "0200"\ntimes = 2\n')
    registry, close = bank.place.registry()
    broken = PAYERS[7].pan.keyed_hash(registry.hash_key)
    registry.note(ACCOUNT, broken, b"sealed under no key of ours")
    close()
    asked = [(till, till.sale(100)) for till in bank.tills]
    assert codes(bank.together(asked)) == ["91", "91", *["00"] * 5, ""]


def left(answer: Answered | None) -> int | None:
    """What an enquiry tells."""
    return answer.balance.minor if answer is not None and answer.balance is not None else None


def test_holds_of_one_account_are_decided_in_order(bank: Bank) -> None:
    """Four terminals of a merchant, one card, of whose account 5000.00 may be spent."""
    one, two, three, four = tills = bank.tills[:4]
    for till in tills:
        till.card = one.card
    first, second = one.preauth(100_000), two.preauth(50_000)
    frame = one.frame(first)
    asked: list[tuple[LineTerminal, LineRequest, bytes]] = [
        (one, first, frame),
        (two, second, two.frame(second)),
        (one, first, frame),  # asked again: held once
        *[(three, each, three.frame(each)) for each in (three.balance(), three.sale(350_001))],
        *[(four, each, four.frame(each)) for each in (four.preauth(350_001), four.balance())],
    ]
    got = bank.sent(asked)
    assert codes(got) == ["00", "00", "00", "00", "51", "51", "00"]
    assert (got[0], left(got[3]), left(got[6])) == (got[2], 350_000, 350_000)
    assert (bank.spent()[0], bank.held()[0]) == (0, 150_000)
    assert got[0] is not None
    code, day = got[0].authorisation_code, NOON.strftime("%Y%m%d")
    paid = three.uses(Kind.COMPLETION, first, 115_000, code, day)
    used: list[tuple[LineTerminal, LineRequest]] = [
        (three, paid),
        (four, four.uses(Kind.COMPLETION, first, 100_000, code, day)),  # it is used by now
        (one, one.uses(Kind.PREAUTH_VOID, first, 100_000, day=day)),
        (two, two.uses(Kind.PREAUTH_VOID, second, 50_000, day=day)),
        (one, one.sale(385_001)),
        (one, one.balance()),
    ]
    got = bank.together(used)
    assert (codes(got), left(got[-1])) == (["00", "22", "22", "00", "51", "00"], 385_000)
    sale = four.sale(385_000)
    last: list[tuple[LineTerminal, LineRequest]] = [
        (four, sale),
        (three, three.uses(Kind.COMPLETION_VOID, paid, 115_000)),  # and holds 1000.00 again
        (one, one.balance()),
        (four, reversal_of(sale)),
    ]
    got = bank.together(last)
    assert (codes(got), left(got[2])) == (["00"] * 4, 15_000)
    assert (bank.spent()[0], bank.held()[0]) == (0, 100_000)


def test_a_hold_that_fails_fails_alone(bank: Bank) -> None:
    registry, close = bank.place.registry()
    broken = PAYERS[3].pan.keyed_hash(registry.hash_key)
    registry.note(ACCOUNT, broken, b"sealed under no key of ours")
    close()
    asked: list[tuple[LineTerminal, LineRequest]] = [
        (till, till.balance() if n % 4 == 2 else till.preauth(100))
        for n, till in enumerate(bank.tills)
    ]
    got = bank.together(asked)
    assert codes(got) == ["00", "00", "00", "", "00", "00", "00", "00"]
    assert [left(got[n]) for n in (2, 6)] == [500_000] * 2
    assert bank.held() == [0 if n in (2, 3, 6) else 100 for n in range(TERMINALS)]
    assert bank.counts.failed == 1


def test_wrong_pins_of_enquiries_are_counted_within_one_commit(bank: Bank) -> None:
    tills = bank.tills[:4]
    for till in tills:
        till.card = tills[0].card
    asked: list[tuple[LineTerminal, LineRequest]] = [
        *[(till, till.balance("000000")) for till in tills[:3]],
        (tills[3], tills[3].balance()),
    ]
    assert codes(bank.together(asked)) == ["55", "55", "75", "75"]


def _day(bank: Bank, chance: Random) -> list[list[tuple[LineTerminal, LineRequest, bytes]]]:
    """Rounds of what comes together: sales, repeats, holds and reversals of what was before.

    Three terminals have the same card.
    """
    rounds: list[list[tuple[LineTerminal, LineRequest, bytes]]] = []
    sold: list[tuple[LineTerminal, FinancialRequest]] = []
    held: dict[str, list[tuple[LineTerminal, FinancialRequest]]] = {name: [] for name in _RESTS}
    for till in bank.tills[1:3]:
        till.card = bank.tills[0].card
    for _ in range(8):
        now: list[tuple[LineTerminal, LineRequest, bytes]] = []
        for till in chance.sample(bank.tills, 5):
            what = chance.choice(_DOES)
            if what == "balance":
                enquiry = till.balance(chance.choice(["123456", "123456", "000000"]))
                now.append((till, enquiry, till.frame(enquiry)))
            elif what == "hold" or (what in _RESTS and not held[what]):
                hold = till.preauth(chance.randrange(1, 90_000))
                for each in (held["release"], held["complete"], sold):
                    each.append((till, hold))
                now.append((till, hold, till.frame(hold)))
            elif what in _RESTS:
                other, hold = chance.choice(held[what][-3:])
                percent = chance.choice([100, 100, 90, 110, 120])
                kind, minor = _RESTS[what], hold.payment.amount.minor * percent // 100
                use = other.uses(kind, hold, minor or 1, day=NOON.strftime("%Y%m%d"))
                sold.append((other, use))
                if kind is Kind.COMPLETION:
                    held["give back"].append((other, use))
                now.append((other, use, other.frame(use)))
            elif what in ("sale", "both", "poor") or not sold:
                sale = till.sale(900_000 if what == "poor" else chance.randrange(1, 90_000))
                sold.append((till, sale))
                now.append((till, sale, till.frame(sale)))
                if what == "both":
                    back = reversal_of(sale)
                    now.append((till, back, till.frame(back)))
            else:
                other, sale = chance.choice(sold)
                request: LineRequest = sale if what == "again" else reversal_of(sale)
                now.append((other, request, other.frame(request)))
        rounds.append(now)
    return rounds


_RESTS = {
    "release": Kind.PREAUTH_VOID,
    "complete": Kind.COMPLETION,
    "give back": Kind.COMPLETION_VOID,
}
_DOES = ("sale", "sale", "again", "reverse", "both", "poor", "balance", "hold", "hold", *_RESTS)


@pytest.mark.parametrize("seed", range(6))
def test_together_or_one_after_the_other_is_the_same(bank: Bank, tmp_path: Path, seed: int) -> None:
    alone = Bank(tmp_path / "alone")  # in SQLite, by one request a commit
    for rounds in zip(_day(bank, Random(seed)), _day(alone, Random(seed)), strict=True):
        got = bank.sent(rounds[0])
        # within one commit a reversal comes after what it takes back
        late = [isinstance(request, ReversalRequest) for _, request, _ in rounds[1]]
        order = sorted(range(len(late)), key=lambda n: late[n])
        by_number = {n: alone.sent([rounds[1][n]])[0] for n in order}
        expected = [by_number[n] for n in range(len(got))]
        assert codes(got) == codes(expected)
        assert [left(each) for each in got] == [left(each) for each in expected]
    assert (bank.spent(), bank.held()) == (alone.spent(), alone.held())
    alone.pool.close()
