"""Coverage-guided fuzzing of the kernel with atheris; `pos test --long` runs it for a while.

    python -m tests.emv.fuzz tlv|certificates|session [options of libFuzzer]

For an hour of it: `python -m tests.emv.fuzz session -max_total_time=3600`. A finding is an
exception that is not the kernel's own, or a session over its caps; libFuzzer writes the input
that led there to a file, which is then a case for the tests beside this file.
"""

from __future__ import annotations

import contextlib
import sys

import atheris

with atheris.instrument_imports(include=["firmware.emv"]):
    import firmware.emv.contact.session  # noqa: F401 - instrumented before the session's players import it
    from firmware.emv import certificates, dol, tlv
    from firmware.emv.certificates import Certificate
    from firmware.emv.codes import Aip
    from firmware.emv.contact import scripts
    from firmware.emv.contact.cryptogram import parse_cryptogram
    from firmware.emv.contact.read import parse_afl
    from firmware.emv.errors import CardError

from tests.emv.card import FakeCard
from tests.emv.issuer import ISSUER, PAN
from tests.emv.support import NOON
from tests.emv.test_hostile import play

PARSERS = (
    tlv.parse,
    dol.parse,
    parse_afl,
    scripts.parse_scripts,
    lambda data: parse_cryptogram(data, signature_asked=True),
)


def fuzz_tlv(data: bytes) -> None:
    """Every parser of what a card or an issuer sends."""
    for parse in PARSERS:
        with contextlib.suppress(CardError):
            parse(data)


def fuzz_certificates(data: bytes) -> None:
    """Certificates and signatures with any content, signed by a real key."""
    given = atheris.FuzzedDataProvider(data)
    head = given.ConsumeBytes(ISSUER.size - 22)
    rest, exponent = given.ConsumeBytes(60), given.ConsumeBytes(4)
    signed = ISSUER.sign(head, rest)
    parts = Certificate(signed, rest, exponent)
    today = NOON.date()
    for attempt in (
        lambda: certificates.issuer_key(ISSUER.public, parts, PAN, today),
        lambda: certificates.icc_key(ISSUER.public, parts, PAN, today, rest),
        lambda: certificates.static_data(ISSUER.public, signed, rest),
        lambda: certificates.dynamic_data(ISSUER.public, signed, rest),
    ):
        with contextlib.suppress(CardError):
            attempt()


def fuzz_session(data: bytes) -> None:
    """A whole session with a card that is honest until a command of the fuzzer's choice."""
    given = atheris.FuzzedDataProvider(data)
    card = FakeCard(
        aip=Aip(given.ConsumeIntInRange(0, 0xFFFF)),
        acs=[given.ConsumeIntInRange(0, 255) for _ in range(2)],
        cvm_list="00" * 8 + given.ConsumeBytes(given.ConsumeIntInRange(0, 12)).hex(),
        pdol=given.ConsumeBytes(given.ConsumeIntInRange(0, 12)).hex(),
    )
    card.records = {"cdol1": given.ConsumeBytes(given.ConsumeIntInRange(0, 24))}
    honest = given.ConsumeIntInRange(0, 24)
    script = given.ConsumeBytes(given.ConsumeIntInRange(0, 40))

    def lies(_command: bytes) -> bytes | None:
        if len(card.commands) <= honest or not given.remaining_bytes():
            return None
        answer: bytes = given.ConsumeBytes(given.ConsumeIntInRange(0, 258))
        return answer + b"\x90\x00" if given.ConsumeBool() else answer

    card.override = lies
    play(card, script)


TARGETS = {"tlv": fuzz_tlv, "certificates": fuzz_certificates, "session": fuzz_session}


def main() -> None:
    """Fuzz the target named first on the command line."""
    if len(sys.argv) < 2 or sys.argv[1] not in TARGETS:
        sys.exit(f"usage: python -m tests.emv.fuzz {'|'.join(TARGETS)} [options of libFuzzer]")
    target = TARGETS[sys.argv.pop(1)]
    atheris.Setup(sys.argv, target)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
