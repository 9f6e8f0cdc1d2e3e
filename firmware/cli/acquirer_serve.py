"""`pos acquirer serve` and what it serves: its terminals and accounts."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from firmware.acquirer.accounts import Account, AccountStatus, load_accounts
from firmware.acquirer.engine import BooksError
from firmware.acquirer.enrolment import enrol
from firmware.acquirer.opened import AcquirerPlace
from firmware.acquirer.registry import Registry
from firmware.acquirer.rules import RULES, RulesError, rules_in
from firmware.acquirer.server import CONNECTIONS_MAX
from firmware.acquirer.serving import Serving, serve
from firmware.cli import acquirer_report, acquirer_rules
from firmware.cli.arguments import add_hold_days, number_up_to, port_number, told_to_end
from firmware.core import log
from firmware.core.config import ConfigError
from firmware.core.exits import DONE, FAILED, Refused
from firmware.core.money import CURRENCIES
from firmware.iso8583.keys import MASTER
from firmware.iso8583.profile import Profile, ProfileError
from firmware.iso8583.unionpay import UnionPay

PORT, LINES_MAX = 8583, 10_000
INSTITUTION_MAX = 11  # digits of field 32
_BOOKS_PLAIN = "pos acquirer: --books-plain: whoever is on the line can read and change the books"


def add_arguments(does: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands' arguments."""
    serve = does.add_parser("serve", help="answer terminals: a test switch, a closed-loop acquirer")
    add_place_argument(serve)
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
    terminal = does.add_parser("terminal", help="the terminals that are answered")
    actions = terminal.add_subparsers(dest="action", required=True, metavar="ACTION")
    add = actions.add_parser("add", help="register a terminal, and show its TMK once")
    add.add_argument("number", metavar="NUMBER", help="8 characters")
    add.add_argument("--merchant", required=True, metavar="NUMBER", help="15 characters")
    add.add_argument("--currency", default="CNY", choices=sorted(CURRENCIES))
    add.add_argument("--json", action="store_true")
    remove = actions.add_parser("remove", help="forget a terminal and its keys")
    remove.add_argument("number", metavar="NUMBER")
    account = does.add_parser("account", help="the accounts that may pay")
    changes = account.add_subparsers(dest="action", required=True, metavar="ACTION")
    load = changes.add_parser("add", help="add the [[account]] tables of a file (mode 0600)")
    load.add_argument("file", type=Path, metavar="FILE", nargs="?")
    load.add_argument("--tray", action="store_true", help="those of the simulator's cards")
    load.add_argument("--currency", default="CNY", choices=sorted(CURRENCIES))
    block = changes.add_parser("block", help="an account pays no more")
    block.add_argument("name", metavar="NAME")
    acquirer_rules.add_arguments(does, add_place_argument)
    acquirer_report.add_arguments(does, add_place_argument)
    lists = (
        actions.add_parser("list", help="those that are registered, without their keys"),
        changes.add_parser("list", help="those that there are, by their last digits"),
    )
    for parser in (add, remove, load, block, *lists):
        add_place_argument(parser)


def add_place_argument(parser: argparse.ArgumentParser) -> None:
    """Add where the books are."""
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


def run(options: argparse.Namespace) -> int:
    """Do what is asked. Raises Refused."""
    if options.does == "rule":
        return acquirer_rules.run(options)
    makes = options.does == "serve" or getattr(options, "action", "") == "add"
    if not makes and not (options.data / MASTER).exists():
        raise Refused(f"{options.data}: no acquirer's data are there", code=FAILED)
    try:
        acquirer = AcquirerPlace(options.data, options.books, plain=options.books_plain)
        if options.books_plain:
            print(_BOOKS_PLAIN, file=sys.stderr)
        if options.does == "serve":
            return _serve(options, acquirer)
        if options.does == "report":
            return acquirer_report.run(options, acquirer)
        registry, close = acquirer.registry()
        try:
            return (_terminal if options.does == "terminal" else _account)(options, registry)
        finally:
            close()
    except BooksError as error:
        raise Refused(str(error), code=FAILED) from None


def _serve(options: argparse.Namespace, acquirer: AcquirerPlace) -> int:
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

        figures = figures_on(options.metrics)
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


def _terminal(options: argparse.Namespace, registry: Registry) -> int:
    if options.action == "list":
        for one in registry.terminals():
            print(one.number, one.merchant, one.signed_on or "-")
        return DONE
    if options.action == "remove":
        if not registry.remove_terminal(options.number):
            raise Refused(f"there is no terminal {options.number}", code=FAILED)
        return DONE
    currency = CURRENCIES[options.currency]
    shown = enrol(registry, options.number, options.merchant, currency)
    if options.json:
        print(json.dumps(shown))
    else:
        for name, value in shown.items():
            print(f"{name:<12} {value}")
    return DONE


def _accounts_of(options: argparse.Namespace) -> Sequence[Account]:
    """Those of the file or of the tray. Raises ConfigError."""
    if options.tray:
        from firmware.lab.issuers import tray_books  # noqa: PLC0415 - slow, for this alone

        return tray_books()
    return load_accounts(options.file, CURRENCIES[options.currency])


def _account(options: argparse.Namespace, registry: Registry) -> int:
    if options.action == "add":
        if (options.file is None) is not options.tray:
            raise Refused("expected FILE, or --tray")
        try:
            accounts = _accounts_of(options)
        except ConfigError as error:
            raise Refused(*str(error).splitlines()) from None
        for account in accounts:
            registry.put_account(account)
        print(f"{len(accounts)} accounts")
        return DONE
    found = registry.accounts().values()
    if options.action == "list":
        for account in sorted(found, key=lambda one: one.name):
            print(account.name, f"…{account.pan.last4}", account.status.value)
        return DONE
    named = [account for account in found if account.name == options.name]
    if not named:
        raise Refused(f"there is no account {options.name}", code=FAILED)
    for account in named:
        registry.put_account(replace(account, status=AccountStatus.BLOCKED))
    return DONE
