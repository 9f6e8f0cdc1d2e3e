"""`pos acquirer terminal` and `account`: whom a server answers, and who may pay."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from firmware.acquirer.accounts import Account, AccountStatus, load_accounts
from firmware.acquirer.enrolment import enrol
from firmware.acquirer.registry import Registry
from firmware.cli.acquirer_serve import add_place_arguments, place_of
from firmware.core.config import ConfigError
from firmware.core.exits import DONE, FAILED, Refused
from firmware.core.money import CURRENCIES


def add_arguments(does: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands' arguments."""
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
    lists = (
        actions.add_parser("list", help="those that are registered, without their keys"),
        changes.add_parser("list", help="those that there are, by their last digits"),
    )
    for parser in (add, remove, load, block, *lists):
        add_place_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Do what is asked; servers may run meanwhile. Raises Refused and BooksError."""
    registry, close = place_of(options, makes=options.action == "add").registry()
    try:
        return (_terminal if options.does == "terminal" else _account)(options, registry)
    finally:
        close()


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
