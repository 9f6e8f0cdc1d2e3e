"""Prints a transaction step by step: commands, data objects, decisions, the host, the outcome.

As lines while it goes on, so that one sees where a card stops; or as one JSON object at its end.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import TextIO

from msgspec import Struct, field

from firmware.core.clock import SystemClock
from firmware.emv.apdu import Ins
from firmware.emv.codes import CDA_REQUESTED, AcType
from firmware.emv.meanings import meaning
from firmware.emv.outcomes import (
    Approved,
    ApprovedOffline,
    Declined,
    DeclinedOffline,
    EmvFacts,
    Ended,
    OnlineRequested,
)
from firmware.emv.tags import PAN_BEARING, Tag, describe
from firmware.emv.tlv import parse
from firmware.emv.trace import ApduStep, DecodedObject, Trace
from firmware.iso8583.messages import Answered, HostAnswer
from firmware.iso8583.responses import response_text
from firmware.lab.cards.report import atr_line, printable
from firmware.lab.cards.slot import CardAtHand
from firmware.lab.cards.transaction import Bench, BenchDialogue, HostExchange, Outcome, sale

HOST_STEP = "Host"
ENCIPHERED_PIN = 0x88  # P2 of VERIFY, EMV 4.4 Book 3, 6.5.12.2
_Json = dict[str, object]


def traced(
    dialogue: BenchDialogue, amount_minor: int, out: TextIO, *, test_card: bool, as_json: bool
) -> Outcome:
    """Carry a sale out, and write to `out` what happens: as it happens, or as JSON at its end.

    Of a `test_card` the number is shown in clear, and the test CAs are trusted.
    """
    card = dialogue.card
    bench = Bench(
        dialogue,
        sale(amount_minor, SystemClock().now()),
        test_keys=not card.real or test_card,
        clear=test_card,
    )

    def say(line: str) -> None:
        if not as_json:
            print(printable(line), file=out)

    writer = TraceWriter(bench.trace, card, say)
    dialogue.before_each = writer.catch_up
    bench.on_host = writer.host
    say(atr_line(card.where, card.atr))
    amount, at = bench.transaction.amount, bench.transaction.at
    say(f"Sale of {amount.currency.label} {amount} at {at:%Y-%m-%d %H:%M:%S}")
    outcome = bench.run()
    writer.outcome(outcome)
    if as_json:  # in ASCII, for what a card calls itself
        print(json.dumps(writer.to_json(outcome), indent=2), file=out)
    return outcome


class TraceWriter(Struct):
    """Writes a trace as it grows. `say` takes one line."""

    trace: Trace
    card: CardAtHand
    say: Callable[[str], None]
    hosted: list[tuple[int, HostExchange]] = field(default_factory=list)  # after so many steps
    _told: int = 0
    _commands_told: int = 0
    _step: str = ""

    def catch_up(self) -> None:
        """Say the steps that are new. A real reader's commands are told with their duration."""
        for step in self.trace.steps[self._told :]:
            self._told += 1
            head, *lines = Trace(steps=[step]).lines()
            if step.step != self._step:
                self._step = step.step
                self.say(head)
            if isinstance(step, ApduStep):
                lines = self._exchange_lines(step, lines)
            for line in lines:
                self.say(line)

    def host(self, exchange: HostExchange) -> None:
        """Say what the host was asked and what it said."""
        self.catch_up()
        self.hosted.append((self._told, exchange))
        self.say(f"== {HOST_STEP}")
        self.say(f"  Field 55, {len(exchange.request.de55)} bytes")
        self.say(f"  > {exchange.request.de55.hex().upper()}")
        for one in _objects(exchange.request.de55):
            words = f"  ({one.meaning})" if one.meaning else ""
            self.say(f"    {one.tag} {one.name}: {one.value}{words}")
        for line in _answer_lines(exchange.answer):
            self.say(line)
        self._step = HOST_STEP

    def outcome(self, outcome: Outcome) -> None:
        """Say how it ended, and what it took."""
        self.catch_up()
        self.say("== Outcome")
        for line in outcome_lines(outcome):
            self.say(f"  {line}")
        if self.card.real:
            self.say("  No host was asked: nobody was charged")
        self.say(f"  {_cost(self.card)}")

    def to_json(self, outcome: Outcome) -> _Json:
        """All of it as one JSON object."""
        steps: list[_Json] = list(self.trace.to_json())
        timed = (step for step in steps if step["kind"] == "apdu")
        for step, duration_us in zip(timed, self.card.durations_us, strict=True):
            step["duration_us"] = duration_us
        for place, exchange in reversed(self.hosted):
            steps.insert(place, _host_json(exchange))
        return {
            "reader": self.card.where,
            "atr": self.card.atr.hex().upper(),
            "steps": steps,
            "outcome": outcome_json(outcome),
            "commands": len(self.card.durations_us),
            "bytes_sent": self.card.bytes_sent,
            "bytes_received": self.card.bytes_received,
        }

    def _exchange_lines(self, step: ApduStep, lines: list[str]) -> list[str]:
        """A command's lines with its parameters in words, and how long a real card took."""
        duration = f"   {self.card.durations_us[self._commands_told] / 1000:.1f} ms"
        self._commands_told += 1
        timed = duration * self.card.real
        name, *rest = lines
        answered = [line + timed * line.startswith("  < ") for line in rest]
        return [f"{name}  {parameters(step)}".rstrip(), *answered]


def parameters(step: ApduStep) -> str:
    """P1 and P2 of a command in words, where the Books give them a meaning. See Book 3, 6.5."""
    ins, p1, p2 = bytes.fromhex(step.command[2:8])
    match ins:
        case Ins.READ_RECORD:
            return f"SFI {p2 >> 3}, record {p1}"
        case Ins.GET_DATA:
            return describe(p1 << 8 | p2)
        case Ins.VERIFY:
            return "enciphered PIN" if p2 == ENCIPHERED_PIN else "plaintext PIN"
        case Ins.GENERATE_AC:
            return AcType(p1 & AcType.RFU).name + ", with CDA" * bool(p1 & CDA_REQUESTED)
        case Ins.SELECT:
            return "next occurrence" * bool(p2)
    return ""


def outcome_lines(outcome: Outcome) -> Iterator[str]:
    """How a session ended, in words, with what receipt and acquirer get of it."""
    yield _verdict(outcome)
    if isinstance(outcome, Ended):
        return
    facts = outcome.facts
    yield f"{facts.ac_type} {facts.ac.hex().upper()}  ATC {facts.atc:04X}  CID {facts.cid:02X}"
    for name, value, words in _results(facts):
        yield f"{name} {value}  ({words})"
    yield f"Cardholder: {facts.cvm.words}"
    if facts.script_results:
        yield f"Script results {facts.script_results.hex().upper()}"


def outcome_json(outcome: Outcome) -> _Json:
    """The same as a value of JSON."""
    said: _Json = {"kind": type(outcome).__name__, "text": _verdict(outcome)}
    if isinstance(outcome, Ended):
        return said
    facts = outcome.facts
    said |= {
        "aid": facts.aid.hex().upper(),
        "ac_type": facts.ac_type,
        "ac": facts.ac.hex().upper(),
        "atc": facts.atc,
        "cid": f"{facts.cid:02X}",
        "iad": facts.iad.hex().upper(),
        "cardholder": facts.cvm.words,
        "script_results": facts.script_results.hex().upper(),
    }
    for name, value, words in _results(facts):
        said[name.lower()] = {"value": value, "meaning": words}
    return said


def _verdict(outcome: Outcome) -> str:
    match outcome:
        case Approved(offline=True):
            return "Approved by the card, unable to go online"
        case Approved():
            return "Approved by host and card"
        case ApprovedOffline():
            return "Approved offline by the card"
        case Declined() | DeclinedOffline():
            return f"Declined: {outcome.reason.value}"
        case Ended():
            return f"Ended: {outcome.reason.value}" + (
                f" ({outcome.detail})" * bool(outcome.detail)
            )


def _results(facts: EmvFacts) -> Iterator[tuple[str, str, str]]:
    """TVR, TSI and CVM results: name, hex and words."""
    for name, tag, value in (
        ("TVR", Tag.TERMINAL_VERIFICATION_RESULTS, facts.tvr),
        ("TSI", Tag.TRANSACTION_STATUS_INFORMATION, facts.tsi),
        ("CVM", Tag.CVM_RESULTS, facts.cvm_results),
    ):
        yield name, value.hex().upper(), meaning(tag, value)


def _objects(field_55: bytes) -> Iterator[DecodedObject]:
    for one in parse(field_55):
        assert one.tag not in PAN_BEARING, "field 55 has no account data"
        words = meaning(one.tag, one.value)
        yield DecodedObject(f"{one.tag:X}", describe(one.tag), one.value.hex().upper(), 0, words)


def _answer_lines(answer: HostAnswer | None) -> Iterator[str]:
    if answer is None:
        yield "  * The host of a real card is not asked: the card is asked for an AAC instead"
    elif not isinstance(answer, Answered):
        yield f"  < no answer: {answer.reason.value}"
    else:
        yield f"  < {answer.response_code} {response_text(answer.response_code)[1]}"
        for name, value in _answer_fields(answer).items():
            yield f"    {name}: {value}"


def _answer_fields(answer: Answered) -> dict[str, str]:
    issuer_data = answer.issuer_authentication_data or b""
    fields = {
        "Reference": answer.reference,
        "Authorisation": answer.authorisation_code,
        "91 Issuer Authentication Data": issuer_data.hex().upper(),
        "71/72 Issuer Scripts": answer.scripts.hex().upper(),
    }
    return {name: value for name, value in fields.items() if value}


def _host_json(exchange: HostExchange) -> _Json:
    request: OnlineRequested = exchange.request
    answer: object = None
    if isinstance(exchange.answer, Answered):
        code = exchange.answer.response_code
        answer = {"code": code, "text": response_text(code)[1], **_answer_fields(exchange.answer)}
    elif exchange.answer is not None:
        answer = {"none": exchange.answer.reason.value}
    return {
        "kind": "host",
        "step": HOST_STEP,
        "field_55": request.de55.hex().upper(),
        "objects": [
            {"tag": one.tag, "name": one.name, "value": one.value, "meaning": one.meaning}
            for one in _objects(request.de55)
        ],
        "answer": answer,
    }


def _cost(card: CardAtHand) -> str:
    count, busy_ms = len(card.durations_us), sum(card.durations_us) / 1000
    took = f", {busy_ms:.1f} ms" if card.real else ""
    return f"{count} commands: {card.bytes_sent} bytes sent, {card.bytes_received} received{took}"
