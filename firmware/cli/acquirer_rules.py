"""`pos acquirer rule`: what a running server does to messages, for tests of a terminal."""

from __future__ import annotations

import argparse
import secrets
from pathlib import Path

import msgspec

from firmware.acquirer.rules import DEEDS, RULES, Rule, RulesError, as_toml, rules_in
from firmware.cli.acquirer_serve import add_place_arguments
from firmware.core.exits import DONE, FAILED, Refused
from firmware.core.files import written

NAME_BYTES = 3
_WHEN = {  # what a rule looks at: whether it is a number, and what it says
    "ms": (True, "of delay: how long"),
    "code": (False, "of code: the response code, such as 51"),
    "type": (False, "of these messages alone, such as 0200"),
    "terminal": (False, "of this terminal alone"),
    "stan": (True, "of this STAN alone"),
    "amount": (True, "of this amount alone, in minor units"),
    "amount_ends": (False, "of amounts with these last digits"),
    "skip": (True, "skip the first so many that fit"),
    "times": (True, "follow the rule so often (default: always)"),
}


def add_arguments(does: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands' arguments."""
    rule = does.add_parser("rule", help="delays, silence, wrong MACs and so on, while it serves")
    actions = rule.add_subparsers(dest="action", required=True, metavar="ACTION")
    add = actions.add_parser("add", help="one more rule; those before it come first")
    add.add_argument("deed", choices=DEEDS, metavar="DOES", help=", ".join(DEEDS))
    for name, (is_number, words) in _WHEN.items():
        kind = int if is_number else str
        add.add_argument(f"--{name.replace('_', '-')}", type=kind, metavar="X", help=words)
    listed = actions.add_parser("list", help="the rules in force, by name")
    remove = actions.add_parser("remove", help="take a rule away")
    remove.add_argument("name", metavar="NAME")
    clear = actions.add_parser("clear", help="take all rules away")
    for parser in (add, listed, remove, clear):
        add_place_arguments(parser)
        parser.add_argument("--rules", type=Path, metavar="FILE", help=f"default: DIR/{RULES}")


def run(options: argparse.Namespace) -> int:
    """Change or show the rules; a server that runs follows them at once. Raises Refused."""
    path = options.rules or options.data / RULES
    try:
        rules = rules_in(path) if path.exists() else ()
        match options.action:
            case "add":
                rule = _rule(options)
                _keep(path, (*rules, rule))
                print(rule.name)
            case "list":
                print(as_toml(rules), end="")
            case "remove":
                left = tuple(rule for rule in rules if rule.name != options.name)
                if len(left) == len(rules):
                    raise Refused(f"there is no rule {options.name}", code=FAILED)
                _keep(path, left)
            case "clear":
                _keep(path, ())
    except RulesError as error:
        raise Refused(str(error), code=FAILED) from None
    return DONE


def _rule(options: argparse.Namespace) -> Rule:
    said = {name: getattr(options, name) for name in _WHEN if getattr(options, name) is not None}
    name = secrets.token_hex(NAME_BYTES)
    try:
        return msgspec.convert({"does": options.deed, "name": name, **said}, Rule)
    except msgspec.ValidationError as error:
        raise Refused(f"rule: {error}") from None


def _keep(path: Path, rules: tuple[Rule, ...]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with written(path, replace=True, mode=0o600) as file:
        file.write(as_toml(rules).encode())
