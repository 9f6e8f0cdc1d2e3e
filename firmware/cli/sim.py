"""`pos sim`: the terminal on its modelled hardware in real time, and a page that shows it."""

from __future__ import annotations

import argparse
import ipaddress
import os
import signal
import ssl
import sys
import tempfile
import threading
import webbrowser
from datetime import timedelta
from pathlib import Path

from firmware.audit.data import reading
from firmware.audit.output import add_force_argument, writing_bytes
from firmware.cli.arguments import PORT_MAX, port_number
from firmware.cli.demo import LANGUAGES, locale_language
from firmware.core.config import ConfigError
from firmware.core.exits import DONE, FAILED, Refused
from firmware.core.files import read_bytes
from firmware.core.hosts import is_host
from firmware.iso8583.keys import KeyFileError
from firmware.journal.connection import DATABASE
from firmware.journal.faults import JournalFault
from firmware.lab.far_acquirer import FarAcquirer, master_in
from firmware.lab.page.hub import Hub
from firmware.lab.page.server import Server
from firmware.lab.page.session import Kept, Session
from firmware.lab.scenario.stage import START

PORT = 8440
MARK = "SIMULATED"  # in a folder of the simulator's: nothing is played on a terminal's own data
_MARK = "Made by `pos sim`: modelled cards, no money. Not for a terminal that trades.\n"
PAUSE = timedelta(minutes=1)  # between two sessions on the same data
_LAB = """pos sim: {listen} is more than this machine. Whoever reads this address off a screen or a
network can operate this terminal: its keys, cards and faults. Nothing real is behind it, and the
connection is not enciphered. Use it in a lab's network, for training, and end it afterwards."""


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
        "--acquirer-ca", type=Path, metavar="FILE", help="over TLS, held to this authority"
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
    ended = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):  # before anything is begun that is to be ended
        signal.signal(name, lambda *_: ended.set())
    language = LANGUAGES[options.lang or locale_language(os.environ)]
    settings = {"general.language": language.value}
    if options.headless:
        return _headless(options, language.value, ended)
    with tempfile.TemporaryDirectory(prefix="pos-sim-") as directory:
        kept = None if options.data is None else _kept(options.data)
        session = Session(Path(directory), Hub(), settings, kept, _acquirer(options))
        try:
            server = Server(session, listen=options.listen, port=options.port)
        except OSError as error:
            raise Refused(f"{options.listen}:{options.port}: {error.strerror}") from None
        if not ipaddress.ip_address(options.listen).is_loopback:
            print(_LAB.format(listen=options.listen), file=sys.stderr)
        try:
            session.start()
        except (JournalFault, ConfigError, KeyFileError) as fault:
            server.close()
            raise Refused(f"{options.data or directory}: {fault}", code=FAILED) from None
        server.start()
        print(f"pos sim: {server.url}\n{_told(options.data, directory)}", flush=True)
        if options.open:
            webbrowser.open(server.url)
        ended.wait()
        server.close()
        session.close()
    return DONE


def _acquirer(options: argparse.Namespace) -> FarAcquirer | None:
    """The acquirer at the end of a line, if one is named. Raises Refused."""
    if options.acquirer is None:
        if options.acquirer_key or options.acquirer_ca:
            raise Refused("--acquirer-key and --acquirer-ca go with --acquirer ADDRESS:PORT")
        return None
    address, _, port = options.acquirer.rpartition(":")
    address = address.strip("[]")
    if (
        not is_host(address)
        or not port.isascii()
        or not port.isdigit()
        or not 0 < int(port[:9]) <= PORT_MAX
    ):
        raise Refused(f"--acquirer: expected ADDRESS:PORT, not {options.acquirer}")
    tls = None
    try:
        if options.acquirer_ca is not None:
            read_bytes(options.acquirer_ca)  # ssl itself waits for a pipe
            tls = ssl.create_default_context(cafile=options.acquirer_ca)
        key = options.acquirer_key
        return FarAcquirer(address, int(port), master_in(key) if key else None, tls)
    except ConfigError as error:
        raise Refused(*map(str, error.mistakes)) from None
    except OSError as error:
        raise Refused(f"{options.acquirer_ca}: {error.strerror or error}") from None


def _headless(options: argparse.Namespace, language: str, ended: threading.Event) -> int:
    from firmware.lab.target.headless import serve  # noqa: PLC0415 - the page needs none of it

    with tempfile.TemporaryDirectory(prefix="pos-sim-") as directory:
        data = options.data or Path(directory)
        begins = START if options.data is None else _kept(options.data).begins
        try:
            serve(
                data.resolve(),
                language,
                virtual=options.virtual,
                ended=ended,
                shop=options.shop,
                start=begins,
            )
        except ConfigError as error:
            raise Refused(*map(str, error.mistakes)) from None
        except JournalFault as fault:
            raise Refused(f"{data}: {fault}", code=FAILED) from None
    return DONE


def _kept(data: Path) -> Kept:
    """A folder to go on with; begins one that is not there yet. Raises Refused."""
    try:
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not (data / MARK).exists():
            if any(data.iterdir()):
                raise Refused(f"{data}: it is not empty, and `pos sim` did not make it")
            (data / MARK).write_text(_MARK, encoding="utf-8")
    except OSError as error:
        raise Refused(f"{data}: {error.strerror}", code=FAILED) from None
    begins = START
    if (data / DATABASE).exists():
        with reading(data) as journal:
            head, _ = journal.head()
            for last in journal.records(head, head):
                begins = max(begins, last.moment.astimezone(START.tzinfo) + PAUSE)
    return Kept(data, begins)


def _told(data: Path | None, directory: str) -> str:
    if data is None:
        return (
            f"Its data are in {directory} and go when it ends; --data DIR keeps them.\n"
            "Ctrl-C ends it."
        )
    return (
        f"Its data stay in {data}; a fresh terminal or a scenario on the page leaves them alone.\n"
        "Ctrl-C ends it."
    )


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise argparse.ArgumentTypeError(f"an IP address, not {text!r}") from None
