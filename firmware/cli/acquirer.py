"""`pos acquirer`: what an integrator needs on the first day: frames read, MACs made, an echo.

What opens an acquirer's data is in the modules beside it, `acquirer_serve` and so on.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from firmware.acquirer.engine import BooksError
from firmware.cli import acquirer_registry, acquirer_report, acquirer_rules, acquirer_serve
from firmware.cli.acquirer_serve import place_of
from firmware.cli.arguments import add_config_argument
from firmware.core.clock import SystemClock
from firmware.core.exits import DONE, FAILED, Refused
from firmware.core.masked import SecretKey
from firmware.iso8583.client import HostClient
from firmware.iso8583.mac import KEY_BYTES, mac_of
from firmware.iso8583.messages import Control, ControlRequest, NoAnswer, NoAnswerReason
from firmware.iso8583.profile import FrameShape, Profile, ProfileError
from firmware.iso8583.reading import MessageReading, read
from firmware.iso8583.responses import APPROVED
from firmware.terminal.assembly import acquirer_line
from firmware.terminal.settings import settings_of

FILE_MAX = 64 * 1024
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})+")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    does = parser.add_subparsers(dest="does", required=True, metavar="COMMAND")
    decode = does.add_parser("decode", help="read a frame or a message, field by field")
    decode.add_argument("frame", metavar="HEX|FILE", help="hex digits, or a file of bytes or hex")
    decode.add_argument("--profile", default="unionpay", metavar="P", help="a name, or a file")
    decode.add_argument("--json", action="store_true", help="as one JSON object")
    decode.add_argument(
        "--clear", action="store_true", help="show account number, tracks and PIN block"
    )
    echo = does.add_parser("echo", help="ask whether the acquirer of the settings is there")
    add_config_argument(echo)
    mac = does.add_parser("mac", help="make a MAC, and show every value on the way")
    mac.add_argument("--scheme", required=True, choices=sorted(KEY_BYTES))
    mac.add_argument("--padding", default="zeros", choices=("zeros", "80"))
    mac.add_argument("--key", required=True, metavar="HEX", help="the MAC key: a test key")
    mac.add_argument("--data", required=True, metavar="HEX", help="all before field 64")
    for module in (acquirer_serve, acquirer_registry, acquirer_rules, acquirer_report):
        module.add_arguments(does)


def run(options: argparse.Namespace) -> int:
    """Do what is asked; 1 when a frame cannot be read to its end. Raises Refused."""
    runs: dict[str, Callable[[argparse.Namespace], int]] = {
        "decode": _decode,
        "echo": _echo,
        "mac": _mac,
        "serve": acquirer_serve.run,
        "terminal": acquirer_registry.run,
        "account": acquirer_registry.run,
        "rule": acquirer_rules.run,
        "report": lambda options: acquirer_report.run(options, place_of(options)),
    }
    try:
        return runs[options.does](options)
    except BooksError as error:
        raise Refused(str(error), code=FAILED) from None


def _decode(options: argparse.Namespace) -> int:
    try:
        profile = Profile.named(options.profile)
    except ProfileError as error:
        raise Refused(str(error)) from None
    reading = read(_bytes_of(options.frame), profile, clear=options.clear)
    if options.json:
        json.dump(msgspec.to_builtins(reading), sys.stdout, ensure_ascii=False)
        print()
    else:
        _print_table(reading)
    if reading.stopped:
        print(f"stops at byte {reading.at}: {reading.stopped}", file=sys.stderr)
        return FAILED
    return DONE


def _echo(options: argparse.Namespace) -> int:
    settings = settings_of(options.config)
    messages, host = settings.messages(), settings.config.host
    if messages is None:
        raise Refused('host.kind: expected "acquirer" or "tcp": the embedded one has no line')
    clock, merchant = SystemClock(), settings.config.merchant
    link = acquirer_line(settings.config, clock, settings.host_tls())
    asked = ControlRequest(Control.ECHO, merchant.terminal, merchant.number, batch=1, stan=1)
    where = f"{host.address}:{host.port}"
    began_ms = clock.monotonic_ms()
    answer = HostClient(link, lambda: messages, lambda: None).ask(asked, host.timeout_s * 1000)
    if isinstance(answer, NoAnswer):
        raise _no_answer(answer, where, host.timeout_s, messages.frame)
    print(f"{where}: answered {answer.response_code} in {clock.monotonic_ms() - began_ms} ms")
    return DONE if answer.response_code == APPROVED else FAILED


def _no_answer(answer: NoAnswer, where: str, timeout_s: int, shape: FrameShape) -> Refused:
    """A line for each cause that there may be."""
    match answer.reason:
        case NoAnswerReason.NO_LINE:
            causes = [f"{where}: no line: address, port or TLS may be wrong"]
        case NoAnswerReason.TIMED_OUT:
            causes = [
                f"{where}: connected, and nothing answers in {timeout_s} s",
                f"the line may be cut behind {where}",
                f"the TPDU may be wrong: {shape.tpdu} (acquirer.tpdu)",
                f"the header may be wrong: {shape.header or 'none'} (acquirer.header)",
                "an acquirer drops what has a wrong TPDU or header without a word",
            ]
        case NoAnswerReason.GARBLED:
            causes = [f"{where}: answered, but not this: {answer.detail}"]
    return Refused(*causes, code=FAILED)


def _print_table(reading: MessageReading) -> None:
    for name in ("tpdu", "header", "type"):
        if value := getattr(reading, name):
            print(f"{name:<7} {value}")
    for row in reading.rows:
        text = f'  "{row.text}"' if row.text else ""
        print(f"{row.field:>3} {row.name:<26} {row.length:>4}  {row.raw}{text}")
        for one in row.objects:
            print(f"    {one.tag:<6} {one.name:<44} {one.raw}")


def _mac(options: argparse.Namespace) -> int:
    key, data = _from_hex("--key", options.key), _from_hex("--data", options.data)
    try:
        made = mac_of(data, SecretKey(key), options.scheme, options.padding)
    except ValueError as error:
        raise Refused(str(error)) from None
    for step in made.steps:
        print(f"{step.name:<3} {step.value}")
    text = made.field.decode("ascii") if made.field.isalnum() and made.field.isascii() else ""
    print(f"F64 {made.field.hex().upper()}" + (f'  "{text}"' if text else ""))
    return DONE


def _bytes_of(argument: str) -> bytes:
    """The bytes that hex digits give, or a file with bytes or hex digits. Raises Refused."""
    digits = re.sub(r"\s", "", argument)
    if _HEX.fullmatch(digits):
        return bytes.fromhex(digits)
    path = Path(argument)
    try:
        if not path.is_file():
            raise Refused(f"{argument}: neither an even number of hex digits nor a file")
        with path.open("rb") as file:
            content = file.read(FILE_MAX + 1)
    except OSError as error:
        raise Refused(f"{argument}: {error.strerror}") from None
    if len(content) > FILE_MAX:
        raise Refused(f"{argument}: more than {FILE_MAX} bytes")
    written = re.sub(rb"\s", b"", content)
    if re.fullmatch(rb"(?:[0-9A-Fa-f]{2})+", written):
        return bytes.fromhex(written.decode())
    return content


def _from_hex(name: str, argument: str) -> bytes:
    digits = re.sub(r"\s", "", argument)
    if not _HEX.fullmatch(digits):
        raise Refused(f"{name}: expected an even number of hex digits")
    return bytes.fromhex(digits)
