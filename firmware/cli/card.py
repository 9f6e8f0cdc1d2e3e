"""`pos card`: identify, trace and serve cards, those of the tray and those in a real reader."""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial

from firmware.audit.output import writing
from firmware.cli.arguments import PORT_MAX, add_output_arguments, number_up_to
from firmware.core.clock import SystemClock
from firmware.core.exits import DONE, FAILED, Refused
from firmware.core.masked import Pin
from firmware.core.money import MINOR_MAX
from firmware.emv.contact.applications import Applications
from firmware.emv.contact.read_card import read_card
from firmware.emv.outcomes import Ended
from firmware.flows.card import PIN_LENGTHS
from firmware.lab.cards.report import atr_line, printable, report_lines
from firmware.lab.cards.serve import serve
from firmware.lab.cards.slot import CardAtHand, card_in_reader, card_on_model, real_pcsc
from firmware.lab.cards.trace import traced
from firmware.lab.cards.transaction import BenchDialogue, driven
from hw.sim.cards import Card, tray
from hw.sim.reader.vpcd import LOCALHOST, VPCD_PORT

CHOICES_MAX = 99
AMOUNT_MINOR = 12_850


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="list the cards of the tray", description=_LIST)
    listing.set_defaults(act=_list)

    reading = actions.add_parser("read", help="identify a card", description=_READ)
    _add_card(reading)
    reading.set_defaults(act=_read)

    tracing = actions.add_parser("trace", help="show a transaction", description=_TRACE)
    _add_card(tracing)
    tracing.add_argument(
        "--amount",
        type=_amount,
        default=AMOUNT_MINOR,
        metavar="MINOR",
        help="in minor units (default: %(default)s)",
    )
    tracing.add_argument(
        "--pin", type=_pin, help="the cardholder's, given once (default: the tray's, or bypassed)"
    )
    tracing.add_argument(
        "--choose",
        type=number_up_to(CHOICES_MAX),
        default=1,
        metavar="N",
        help="of several applications the Nth",
    )
    tracing.add_argument("--json", action="store_true", help="as one JSON object")
    add_output_arguments(tracing, says="to a file")
    tracing.set_defaults(act=_trace)

    serving = actions.add_parser("serve", help="put a card into a vpcd slot", description=_SERVE)
    serving.add_argument("card", type=_of_tray, metavar="NAME", help="of a card in the tray")
    serving.add_argument("--host", default=LOCALHOST, help="(default: %(default)s)")
    serving.add_argument(
        "--port",
        type=number_up_to(PORT_MAX),
        default=VPCD_PORT,
        help="of vpcd's slot (default: %(default)s)",
    )
    serving.add_argument("-v", "--verbose", action="store_true", help="show what is exchanged")
    serving.set_defaults(act=_serve)


_LIST = "List the cards of the tray: modelled test cards that `read`, `trace` and `serve` take."
_READ = (
    "Identify the card in the reader, or one of the tray. Nothing is decided or charged; reading "
    "counts the card's transaction counter up."
)
_TRACE = (
    "Run a sale with a card and show every command, data object and decision with its place in the "
    "EMV Books. A card of the tray is answered by the embedded host. A card in the reader is asked "
    "for an ARQC, then for an AAC; no host is asked and nobody is charged."
)
_SERVE = (
    "Put a card of the tray into a slot of vpcd (Debian package vsmartcard-vpcd), where any PC/SC "
    "program can meet it, until Ctrl-C."
)


def _add_card(parser: argparse.ArgumentParser) -> None:
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--card", type=_of_tray, metavar="NAME", help="a card of the tray, on the modelled slot"
    )
    which.add_argument(
        "--reader", default="", metavar="NAME", help="a reader whose name contains this"
    )
    parser.add_argument(
        "--test-card", action="store_true", help="show the number in clear, and trust the test CAs"
    )


def run(options: argparse.Namespace) -> int:
    """Do it: 0 done, 1 no card or no decision of it. Raises Refused."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal without the signs shows the rest
    act: Callable[[argparse.Namespace], int] = options.act
    return act(options)


def _list(_options: argparse.Namespace) -> int:
    table = Applications.shipped()
    for card in tray().values():
        first = card.personalisation.application[0]
        known = table.match(bytes.fromhex(first.aid))
        scheme = known.name if known else "unknown"
        pin = f"PIN {first.account.pin}" if first.account.pin else "no PIN"
        print(f"{card.name:<16} {scheme:<17} {pin:<11} {card.personalisation.about}")
    return DONE


def _read(options: argparse.Namespace) -> int:
    with _card(options) as card:
        print(printable(atr_line(card.where, card.atr)))
        reading = read_card(BenchDialogue(card), Applications.shipped(), SystemClock().now())
        report = driven(reading)
    if isinstance(report, Ended):
        raise Refused(_words(report), code=FAILED)
    for line in report_lines(report, clear=options.test_card):
        print(printable(line))
    return DONE


def _trace(options: argparse.Namespace) -> int:
    with writing(options.output, force=options.force) as out, _card(options) as card:
        pin = options.pin
        if pin is None and options.card is not None:
            own = options.card.personalisation.application[0].account.pin
            pin = Pin(own) if own else None
        dialogue = BenchDialogue(card, pin, options.choose - 1)
        outcome = traced(
            dialogue, options.amount, out, test_card=options.test_card, as_json=options.json
        )
    if isinstance(outcome, Ended):
        if options.choose > len(dialogue.offered) > 0:
            offered = (f"{n} {each.name}" for n, each in enumerate(dialogue.offered, start=1))
            raise Refused(f"no application {options.choose}; the card has {', '.join(offered)}")
        raise Refused(_words(outcome), code=FAILED)
    return DONE


def _serve(options: argparse.Namespace) -> int:
    say = partial(print, flush=True)
    serve(options.card, options.host, options.port, say, verbose=options.verbose)
    return DONE


def _card(options: argparse.Namespace) -> AbstractContextManager[CardAtHand]:
    if options.card is not None:
        return card_on_model(options.card)
    return card_in_reader(real_pcsc(), options.reader)


def _words(ended: Ended) -> str:
    return ended.reason.value + (f": {ended.detail}" if ended.detail else "")


def _of_tray(name: str) -> Card:
    cards = tray()
    if name not in cards:
        raise argparse.ArgumentTypeError(f"no card {name!r}; the tray has {', '.join(cards)}")
    return cards[name]


def _amount(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > MINOR_MAX:
        raise argparse.ArgumentTypeError(f"an amount in minor units is expected, not {text!r}")
    return int(text)


def _pin(text: str) -> Pin:
    if not text.isascii() or not text.isdigit() or len(text) not in PIN_LENGTHS:
        raise argparse.ArgumentTypeError("a PIN of 4 to 12 digits is expected")
    return Pin(text)
