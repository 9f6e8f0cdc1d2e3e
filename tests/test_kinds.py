"""Nothing that is keyed by a kind of payment, a record, a code or a fault forgets one of them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import get_args

import pytest
from msgspec import Struct

from firmware.api import problems
from firmware.api.types import BatchTotalsNow, Sums
from firmware.audit import dossier
from firmware.core.kinds import COUNTED, RESTS_ON, Kind, Result, Totals
from firmware.emv.contact.applications import Applications
from firmware.flows.card import SCHEMES
from firmware.iso8583.profile import REQUESTS, SettlementShape
from firmware.iso8583.request_parts import CODES
from firmware.iso8583.totals import comparable, pack_totals, unpack_totals
from firmware.journal import signed_record
from firmware.journal.records import Record
from firmware.journal.signed_record import NAMES, settlement_fields
from firmware.journal.transactions import State
from firmware.lab.page import views
from firmware.lab.scenario.language import FAULTS, totals_of
from firmware.lab.scenario.player import Player
from firmware.payments.refusals import Code, OwedVoucher, Refusal
from firmware.payments.roles import TABLE, Act
from firmware.payments.tills import NotNow
from tests.payment import closed_batch, yuan
from tests.source import ROOT, modules, parsed

RESTING = {kind for kind in Kind if RESTS_ON[kind]}
ORIGINALS = {kind for rests_on in RESTS_ON.values() for kind in rests_on}
# Tables that are not about every kind: which they are about. All others have every kind.
SOME = {
    "acquirer/postgres_moves.py: ENTER": set(Kind) - {Kind.SALE},  # a sale's is SELL
    "api/nexo_answers.py: _TRANSACTION_TYPES": set(COUNTED),
    "api/types.py: ORDERED": {Kind.SALE, Kind.VOID, Kind.REFUND},  # what a till may ask for
    "audit/day_report.py: _NAMES": set(COUNTED),
    "audit/report_chart.py: KINDS": set(COUNTED),
    "flows/other.py: ADVICES": {Kind.SALE, Kind.REFUND},  # what is told, or asked until answered
    "payments/originals.py: _NOT_IT": ORIGINALS,
    "ui/payment_screens.py: _KEYS": RESTING,
}
# Records with a voucher's number that are no part of what evidence tells of a payment.
NO_PART_OF_A_DOSSIER = {
    "BalanceAsked",  # an enquiry moves no money
    "BalanceAnswered",
    "CopyRestored",  # says up to which voucher a backup goes
    "ScriptQueued",  # what an issuer changed on its card, not what was paid
    "ScriptAttempted",
    "ScriptAnswered",
}


def tables_of_kinds() -> Iterator[tuple[str, set[Kind]]]:
    """Each dict literal of the product that has kinds as keys, and which."""
    for module in modules("firmware"):
        for node in ast.walk(parsed(module)):
            match node:
                case ast.Assign(targets=[target], value=ast.Dict(keys=keys)):
                    pass
                case ast.AnnAssign(target=target, value=ast.Dict(keys=keys)):
                    pass
                case _:
                    continue
            names = [ast.unparse(key) for key in keys if key is not None]
            kinds = {Kind[name[5:]] for name in names if name.startswith("Kind.")}
            if kinds:
                yield f"{module.removeprefix('firmware/')}: {ast.unparse(target)}", kinds


def test_a_table_of_kinds_has_all_that_it_is_about():
    found = dict(tables_of_kinds())
    assert set(SOME) <= set(found)
    wrong = {
        name: sorted(kind.name for kind in kinds ^ SOME.get(name, set(Kind)))
        for name, kinds in found.items()
    }
    assert {name: kinds for name, kinds in wrong.items() if kinds} == {}


@pytest.mark.parametrize("names", [signed_record.KINDS, CODES], ids=["qr", "line"])
def test_no_two_kinds_are_written_alike(names: dict[Kind, object]):
    assert len(set(names.values())) == len(Kind)


def test_profiles_and_the_checks_of_postgresql_know_every_kind():
    assert {kind.value for kind in Kind} <= set(REQUESTS)
    checks = (ROOT / "firmware/acquirer/postgres_schema.py").read_text(encoding="utf-8")
    assert [kind.value for kind in Kind if f"'{kind.value}'" not in checks] == []


@pytest.mark.parametrize("kind", COUNTED)
def test_what_counts_reaches_net_line_qr_and_scenario(kind: Kind):
    one = Totals(**{f"{kind.value}s": 1, f"{kind.value}s_minor": 500})
    assert one.net_minor == kind.sign * 500
    kinds, sides = SettlementShape(totals="kinds"), SettlementShape()
    assert unpack_totals(pack_totals(one, kinds), kinds)[0] == one
    assert unpack_totals(pack_totals(one, sides), sides)[0] == comparable(one, sides)
    assert comparable(one, sides).net_minor == one.net_minor
    settled = closed_batch(one, date="20260302")
    assert settlement_fields(settled, training=False)[f"{kind.value}s_minor"] == "500"
    assert totals_of((f"{kind.value}s=1/500",)) == {f"{kind.value}s": (1, 500)}


def test_the_fields_of_a_signed_version_stay_as_they_are():
    """Pages that check receipts know them by the version: other fields need another version."""
    sums = "sales sales_minor voids voids_minor refunds refunds_minor"
    more = "completions completions_minor completion_voids completion_voids_minor"
    head, tail = "version merchant terminal batch type currency", "date time record hash"
    assert NAMES["S1"] == tuple(f"{head} {sums} {tail}".split())
    assert NAMES["S2"] == tuple(f"{head} {sums} {more} {tail}".split())


@pytest.mark.parametrize("model", [BatchTotalsNow, Sums])
def test_the_api_tells_the_sums_of_whatever_counts(model: type[Struct]):
    assert set(Totals.__struct_fields__) <= set(model.__struct_fields__)


def test_every_result_is_the_state_of_its_transaction():
    assert {one.value for one in Result} <= {one.value for one in State}


def test_every_act_has_a_row_of_who_may_do_it():
    assert set(TABLE) == set(Act)


def test_every_refusal_has_its_problem():
    assert set(problems.REFUSALS) == set(Code)
    assert set(problems.NOT_NOW) == set(NotNow)
    # what `/v1/terminal` names as the reason is the type of the problem that a till then gets
    named = {one: one.value for one in NotNow if one is not NotNow.TAKEN_BEFORE}
    assert named.items() <= {one: why.value.type for one, why in problems.NOT_NOW.items()}.items()
    owed = problems.refused(Refusal(Code.REFUND_FIRST, owed=OwedVoucher(1, yuan(500))))
    assert owed.why is problems.Why.OWED_FIRST


def test_a_dossier_has_every_record_that_names_a_voucher_or_a_paper():
    told = set()
    for node in ast.walk(parsed("firmware/audit/dossier.py")):
        match node:
            case ast.MatchClass(cls=kind):
                told.add(ast.unparse(kind))
            case ast.Call(func=ast.Name("isinstance"), args=[_, kinds]):
                of = eval(ast.unparse(kinds), vars(dossier))
                told |= {one.__name__ for one in get_args(of)}
    naming = {
        one.__name__ for one in get_args(Record) if {"stan", "job"} & set(one.__struct_fields__)
    }
    assert naming - told == NO_PART_OF_A_DOSSIER


def test_every_accepted_scheme_has_its_name_and_its_picture():
    schemes = {one.aid[:5].hex().upper() for one in Applications.shipped()}
    assert schemes == set(SCHEMES)
    assert {*views.SCHEMES, "F000008888"} == schemes  # the store's own card is drawn as "store"


@pytest.mark.parametrize("device", ["printer", "reader", "display", "card"])
def test_hands_know_every_fault_and_take_no_other(device: str, player: Player):
    player.hands.insert("unionpay-debit")
    for kind, count in FAULTS[device].items():
        player.hands.fault(device, kind, ["1"] * count)
    player.hands.clear(device)
    with pytest.raises(KeyError, match="unheard-of"):
        player.hands.fault(device, "unheard-of", [])
