"""`pos key`: the master key of an acquirer's line, put in by two people who have a half each."""

from __future__ import annotations

import argparse
import getpass
import sys
from pathlib import Path

from firmware.cli.arguments import add_config_argument, add_data_instead_argument
from firmware.core.exits import DONE, FAILED, Refused
from firmware.core.masked import SecretKey
from firmware.iso8583.key_store import ACQUIRER_KEYS, KeyStore
from firmware.iso8583.keys import KeyFileError
from firmware.iso8583.working_keys import WorkingKeysError, check_value, master_of
from firmware.journal.faults import JournalFault
from firmware.journal.keys import TerminalKeys
from firmware.terminal.settings import settings_of

CHECK_DIGITS = 8
CHECK_LEAST = 4


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    does = parser.add_subparsers(dest="does", required=True, metavar="COMMAND")
    load = does.add_parser(
        "load",
        help="put in a master key: two components of 32 hex digits, asked for without echo,"
        " or a line each on standard input",
    )
    load.add_argument(
        "--check", metavar="HEX", help="what the key's check value must begin with, 4 to 8 digits"
    )
    show = does.add_parser("show", help="the check values of the keys, and the last sign-on")
    for each in (load, show):
        add_config_argument(each)
        add_data_instead_argument(each)


def run(options: argparse.Namespace) -> int:
    """Do what is asked; 1 when the disk refuses. Raises Refused."""
    data: Path = options.data or settings_of(options.config).data
    if not data.is_dir():
        raise Refused(f"{data}: no data directory; start the terminal once before")
    try:
        store = KeyStore(data / ACQUIRER_KEYS, TerminalKeys.load(data).card)
        return _load(options, store) if options.does == "load" else _show(store)
    except (JournalFault, KeyFileError) as error:
        raise Refused(str(error), code=FAILED) from None
    except OSError as error:
        raise Refused(f"{data / ACQUIRER_KEYS}: {error.strerror}", code=FAILED) from None


def _load(options: argparse.Namespace, store: KeyStore) -> int:
    wanted = _check_asked(options.check)
    at_terminal = sys.stdin.isatty()
    if not at_terminal and not wanted:
        raise Refused("--check: expected, for nobody is there to compare the check value")
    first, second = (_component(number, at_terminal=at_terminal) for number in (1, 2))
    try:
        master = master_of(first, second)
    except WorkingKeysError as error:
        raise Refused(str(error)) from None
    value = _told(master)
    if wanted and not value.startswith(wanted):
        raise Refused(f"the check value is {value}, not {wanted}: nothing was changed", code=FAILED)
    print(f"check value {value}")
    if not wanted and input("Is this the check value of your acquirer's letter? yes/no ") != "yes":
        raise Refused("nothing was changed", code=FAILED)
    store.load_master(master)
    print("loaded; a terminal that runs takes it at its next start, and signs on then")
    return DONE


def _show(store: KeyStore) -> int:
    if store.master is None:
        print("no master key")
        return DONE
    print(f"master key   check value {_told(store.master)}")
    if store.session is None:
        print("not signed on")
        return DONE
    print(f"PIN key      check value {_told(store.session.pin)}")
    print(f"MAC key      check value {_told(store.session.mac)}")
    day = store.signed_on
    print(f"signed on    {day[:4]}-{day[4:6]}-{day[6:]}")
    return DONE


def _component(number: int, *, at_terminal: bool) -> bytes:
    """A component as two digits a byte, spaces between as people write them. Raises Refused."""
    if at_terminal:
        text = getpass.getpass(f"Component {number} (32 hex digits, not shown): ")
    else:
        text = sys.stdin.readline(256)
    try:
        return bytes.fromhex(text.strip())
    except ValueError:
        raise Refused(f"component {number}: expected 32 hexadecimal digits") from None


def _check_asked(text: str | None) -> str:
    """The wanted check value, in capitals; "" for none. Raises Refused."""
    wanted = (text or "").replace(" ", "").upper()
    well = CHECK_LEAST <= len(wanted) <= CHECK_DIGITS and set(wanted) <= set("0123456789ABCDEF")
    if text is not None and not well:
        raise Refused("--check: expected 4 to 8 hexadecimal digits")
    return wanted


def _told(key: SecretKey) -> str:
    return check_value(key).hex().upper()
