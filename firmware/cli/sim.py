"""`pos sim`: the terminal on its modelled hardware in real time, and a page that shows it."""

from __future__ import annotations

import argparse
import ipaddress
import tempfile
import threading
import webbrowser
from pathlib import Path

from firmware.audit.output import writing_bytes
from firmware.cli.arguments import add_force_argument, host_and_port, port_number, told_to_end
from firmware.core.config import ConfigError
from firmware.core.exits import DONE, FAILED, Refused
from firmware.iso8583.keys import KeyFileError
from firmware.journal.faults import JournalFault
from firmware.lab.far_acquirer import FarAcquirer
from firmware.lab.kept import kept_in
from firmware.lab.narration import LANGUAGES, language_of
from firmware.lab.page.hub import Hub
from firmware.lab.page.server import serving
from firmware.lab.page.session import Session
from firmware.lab.scenario.stage import START

PORT = 8440


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "--port", type=port_number, default=PORT, help="default: %(default)s; 0: any"
    )
    parser.add_argument("--open", action="store_true", help="open the page in a browser")
    parser.add_argument(
        "--listen",
        default="127.0.0.1",
        metavar="ADDR",
        type=_address,
        help="an address of this machine in a lab's network (default: this machine alone)",
    )
    parser.add_argument(
        "--lang", choices=LANGUAGES, help="language of the terminal (default: the locale's)"
    )
    parser.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help="keep the terminal's data in DIR, and go on with what is there (default: a temporary "
        "folder, which goes with it)",
    )
    parser.add_argument(
        "--headless", action="store_true", help="no page: for tests, with --api; see there"
    )
    parser.add_argument(
        "--api",
        action="store_true",
        help="with --headless: serve the tills' API and routes to play at the bench; one line of "
        "JSON says where, when they are ready",
    )
    parser.add_argument(
        "--virtual", action="store_true", help="with --headless: time passes only by what is played"
    )
    parser.add_argument(
        "--shop",
        type=Path,
        metavar="FILE",
        help="with --headless: a terminal's settings, for its shop, limits and touch screen; its"
        " devices and acquirer stay the simulator's (default: the example's goods at /kiosk/)",
    )
    parser.add_argument(
        "--acquirer",
        type=host_and_port,
        metavar="ADDRESS:PORT",
        help="an acquirer at the end of a line, such as `pos acquirer serve`, instead of the "
        "embedded one",
    )
    parser.add_argument(
        "--acquirer-key",
        type=Path,
        metavar="FILE",
        help="this terminal's master key there: what `pos acquirer terminal add --json` printed, or"
        " two lines with its components (default: the one in the data, or by menu 7)",
    )
    parser.add_argument(
        "--acquirer-ca", type=Path, metavar="FILE", help="over TLS, certified by this authority"
    )
    parser.add_argument("--picture", type=Path, metavar="FILE", help="draw the page and end")
    add_force_argument(parser)


def run(options: argparse.Namespace) -> int:
    """Serve until interrupted: 0; or draw the picture."""
    if options.picture is not None:
        from firmware.lab.page.picture import draw  # noqa: PLC0415 - needs a browser

        with writing_bytes(options.picture, force=options.force) as file:
            draw(file)
        print(f"pos sim: {options.picture}")
        return DONE
    alone = options.virtual or options.shop
    if options.headless is not options.api or (alone and not options.headless):
        raise Refused("--headless and --api go together, and --virtual and --shop with both")
    if options.headless and options.acquirer:
        raise Refused("--acquirer goes with the page alone")
    ended = told_to_end()  # before anything is begun that is to be ended
    with tempfile.TemporaryDirectory(prefix="pos-sim-") as directory:
        (_serve_api if options.headless else _serve_page)(options, Path(directory), ended)
    return DONE


def _serve_page(options: argparse.Namespace, directory: Path, ended: threading.Event) -> None:
    kept = None if options.data is None else kept_in(options.data)
    settings = {"general.language": language_of(options.lang).value}
    session = Session(directory, Hub(), settings, kept, _acquirer(options))
    try:
        with serving(session, listen=options.listen, port=options.port) as server:
            print(f"pos sim: {server.url}\n{_told(options.data, directory)}", flush=True)
            if options.open:
                webbrowser.open(server.url)
            ended.wait()
    except (JournalFault, ConfigError, KeyFileError) as fault:
        raise Refused(f"{options.data or directory}: {fault}", code=FAILED) from None


def _acquirer(options: argparse.Namespace) -> FarAcquirer | None:
    """The acquirer at the end of a line, if one is named. Raises Refused."""
    if options.acquirer is None:
        if options.acquirer_key or options.acquirer_ca:
            raise Refused("--acquirer-key and --acquirer-ca go with --acquirer ADDRESS:PORT")
        return None
    address, port = options.acquirer
    try:
        return FarAcquirer.at(address, port, options.acquirer_key, options.acquirer_ca)
    except ConfigError as error:
        raise Refused(*map(str, error.mistakes)) from None


def _serve_api(options: argparse.Namespace, directory: Path, ended: threading.Event) -> None:
    from firmware.lab.target.headless import serve  # noqa: PLC0415 - the page needs none of it

    data = options.data or directory
    begins = START if options.data is None else kept_in(options.data).begins
    try:
        serve(
            data.resolve(),
            language_of(options.lang).value,
            virtual=options.virtual,
            ended=ended,
            shop=options.shop,
            start=begins,
        )
    except ConfigError as error:
        raise Refused(*map(str, error.mistakes)) from None
    except (JournalFault, KeyFileError) as fault:
        raise Refused(f"{data}: {fault}", code=FAILED) from None


def _told(data: Path | None, directory: Path) -> str:
    told = f"Its data are in {directory} and go when it ends; --data DIR keeps them."
    if data is not None:
        told = f"Its data stay in {data}; a fresh terminal or a scenario on the page leaves"
        told += " them alone."
    return f"{told}\nCtrl-C ends it."


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise argparse.ArgumentTypeError(f"an IP address, not {text!r}") from None
