"""`pos acquirer serve`: answers terminals until it is told to end; and where its data are."""

from __future__ import annotations

import argparse
import os
import sys
from functools import partial
from pathlib import Path

from firmware.acquirer.opened import AcquirerPlace
from firmware.acquirer.rules import RULES, RulesError, rules_in
from firmware.acquirer.server import CONNECTIONS_MAX
from firmware.acquirer.serving import Serving, serve
from firmware.cli.arguments import add_hold_days, number_up_to, port_number, told_to_end
from firmware.core import log
from firmware.core.exits import DONE, FAILED, Refused
from firmware.iso8583.keys import MASTER
from firmware.iso8583.profile import Profile, ProfileError
from firmware.iso8583.unionpay import UnionPay

PORT, LINES_MAX = 8583, 10_000
INSTITUTION_MAX = 11  # digits of field 32
_BOOKS_PLAIN = "pos acquirer: --books-plain: whoever is on the line can read and change the books"


def add_arguments(does: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command's arguments."""
    serve = does.add_parser("serve", help="answer terminals: a test switch, a closed-loop acquirer")
    add_place_arguments(serve)
    serve.add_argument("--listen", default="127.0.0.1", metavar="ADDR")
    serve.add_argument(
        "--port", type=port_number, default=PORT, help="default: %(default)s; 0: any"
    )
    serve.add_argument("--profile", default="unionpay", metavar="P", help="a name, or a file")
    serve.add_argument("--tls-cert", type=Path, metavar="FILE", help="speak TLS with this chain")
    serve.add_argument("--tls-key", type=Path, metavar="FILE", help="and its private key")
    serve.add_argument("--rules", type=Path, metavar="FILE", help="default: DIR/rules.toml")
    serve.add_argument("--test-amounts", action="store_true", help="the cents are the answer")
    serve.add_argument(
        "--metrics",
        type=port_number,
        metavar="PORT",
        help="for Prometheus on 127.0.0.1, at /metrics",
    )
    serve.add_argument("-v", "--verbose", action="count", default=0, help="log debugging, too")
    serve.add_argument(
        "--connections", type=number_up_to(LINES_MAX), default=CONNECTIONS_MAX, metavar="N"
    )
    serve.add_argument(
        "--institution",
        type=_institution,
        metavar="CODE",
        help="field 32 of answers, up to 11 digits (default: none)",
    )
    add_hold_days(serve)


def add_place_arguments(parser: argparse.ArgumentParser) -> None:
    """Add `--data`, `--books` and `--books-plain`."""
    home = Path(os.environ.get("XDG_DATA_HOME", Path.home() / ".local/share"))
    default = home / "pos-acquirer"
    parser.add_argument(
        "--data", type=Path, metavar="DIR", default=default, help=f"default: {default}"
    )
    parser.add_argument(
        "--books", default="", metavar="URL", help="postgresql://… (default: SQLite below DIR)"
    )
    parser.add_argument(
        "--books-plain",
        action="store_true",
        help="let the line to another machine's PostgreSQL go without sslmode=verify-full",
    )


def place_of(options: argparse.Namespace, *, makes: bool = False) -> AcquirerPlace:
    """What these arguments name; begun where nothing is, with `makes`.

    Raises Refused where nothing is, else, and BooksError.
    """
    if not makes and not (options.data / MASTER).exists():
        raise Refused(f"{options.data}: no acquirer's data are there", code=FAILED)
    place = AcquirerPlace(options.data, options.books, plain=options.books_plain)
    if options.books_plain:
        print(_BOOKS_PLAIN, file=sys.stderr)
    return place


def run(options: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT: 0. Raises Refused and BooksError."""
    acquirer = place_of(options, makes=True)
    ended = told_to_end()
    os.umask(0o077)  # whatever it makes is its own
    log.set_up(options.verbose, sys.stderr, journald="JOURNAL_STREAM" in os.environ)
    try:
        line = UnionPay(Profile.named(options.profile))
        if options.rules is not None:  # a file that is named is there; the usual one need not be
            rules_in(options.rules)
    except (ProfileError, RulesError) as error:
        raise Refused(str(error)) from None
    except OSError as error:
        raise Refused(f"--rules: {options.rules}: {error.strerror}") from None
    figures = None
    if options.metrics is not None:
        from firmware.ops.acquirer_metrics import figures_on  # noqa: PLC0415 - slow, not for all

        figures = partial(figures_on, options.metrics)
    wanted = Serving(
        listen=options.listen,
        port=options.port,
        tls_cert=options.tls_cert,
        tls_key=options.tls_key,
        rules=options.rules or options.data / RULES,
        connections=options.connections,
        institution=options.institution or "",
        test_amounts=options.test_amounts,
        hold_days=options.hold_days,
    )
    serve(acquirer, line, wanted, ended, figures)
    return DONE


def _institution(text: str) -> str:
    if not text.isascii() or not text.isdigit() or len(text) > INSTITUTION_MAX:
        raise argparse.ArgumentTypeError(f"1 to {INSTITUTION_MAX} digits, not {text!r}")
    return text
