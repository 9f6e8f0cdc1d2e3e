"""`pos till`: which tills and kiosks may use the API, and what the terminal's certificate is."""

from __future__ import annotations

import argparse

from firmware.api.tls import CERTIFICATE, fingerprint
from firmware.api.tokens import Scope, TokenError, Tokens
from firmware.cli.journal_arguments import add_data_argument
from firmware.core.exits import DONE, FAILED, Refused
from firmware.ops.journal_owner import require_owner

SCOPES = ",".join(scope.value for scope in Scope)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    add_data_argument(actions.add_parser("list", help="the tills, and what each may"))
    add = actions.add_parser("add", help="make a token for a till, and show it once")
    add.add_argument("name", metavar="NAME")
    add.add_argument(
        "--may",
        type=_scopes,
        default=(Scope.PAY, Scope.READ),
        metavar="SCOPES",
        help=f"some of {SCOPES} (default: pay,read)",
    )
    add.add_argument(
        "--nexo", action="store_true", help="the token is a passphrase of nexo messages, too"
    )
    add_data_argument(add)
    remove = actions.add_parser("remove", help="take a till's token away, at once")
    remove.add_argument("name", metavar="NAME")
    add_data_argument(remove)
    add_data_argument(actions.add_parser("fingerprint", help="of the certificate, in SHA-256"))


def run(options: argparse.Namespace) -> int:
    """Do what is asked: 0 done. Raises Refused."""
    if not options.data.is_dir():
        raise Refused(f"{options.data}: there is no terminal's data here")
    tokens = Tokens(options.data)
    try:
        match options.action:
            case "list":
                for till in tokens.all():
                    print(f"{till.name}  {','.join(scope.value for scope in till.may)}")
            case "add":
                require_owner(options.data, "its tokens are the terminal's", "pos till add")
                print(tokens.add(options.name, options.may, nexo=options.nexo))
            case "remove":
                require_owner(options.data, "its tokens are the terminal's", "pos till remove")
                tokens.remove(options.name)
                print(f"till {options.name} removed")
            case _:
                print(fingerprint(options.data / CERTIFICATE))
    except TokenError as error:
        raise Refused(str(error), code=FAILED) from None
    except FileNotFoundError:
        words = "there is no certificate: it is made when [api] listens beyond this machine"
        raise Refused(f"{options.data}: {words}", code=FAILED) from None
    return DONE


def _scopes(text: str) -> tuple[Scope, ...]:
    try:
        return tuple(Scope(each.strip()) for each in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"some of {SCOPES}, not {text!r}") from None
