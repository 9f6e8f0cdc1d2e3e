"""`pos sim`: the terminal on its modelled hardware in real time, and a page that shows it."""

from __future__ import annotations

import argparse
import ipaddress
import os
import signal
import sys
import tempfile
import threading
import webbrowser
from pathlib import Path

from firmware.cli.demo import LANGUAGES, locale_language
from firmware.cli.exits import DONE, Refused
from firmware.cli.output import add_force_argument, writing_bytes
from firmware.page.hub import Hub
from firmware.page.server import Server
from firmware.page.session import Session

PORT, PORT_MAX = 8440, 65_535
_LAB = """pos sim: {listen} is more than this machine. Whoever reads this address off a screen or a
network plays this terminal: its keys, cards and faults. Nothing real is behind it, and the
connection is not enciphered. Use it in a lab's network, for a lesson, and end it afterwards."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("--port", type=_port, default=PORT, help="default: %(default)s; 0: any")
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
    parser.add_argument("--picture", type=Path, metavar="FILE", help="draw the page and end")
    add_force_argument(parser)


def run(options: argparse.Namespace) -> int:
    """Serve until interrupted: 0; or draw the picture."""
    if options.picture is not None:
        from firmware.page.picture import draw  # noqa: PLC0415 - needs a browser

        with writing_bytes(options.picture, force=options.force) as file:
            draw(file)
        print(f"pos sim: {options.picture}")
        return DONE
    ended = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):  # before anything is begun that is to be ended
        signal.signal(name, lambda *_: ended.set())
    language = LANGUAGES[options.lang or locale_language(os.environ)]
    settings = {"general.language": language.value}
    with tempfile.TemporaryDirectory(prefix="pos-sim-") as directory:
        session = Session(Path(directory), Hub(), settings)
        try:
            server = Server(session, listen=options.listen, port=options.port)
        except OSError as error:
            raise Refused(f"{options.listen}:{options.port}: {error.strerror}") from None
        if not ipaddress.ip_address(options.listen).is_loopback:
            print(_LAB.format(listen=options.listen), file=sys.stderr)
        session.start()
        server.start()
        print(f"pos sim: {server.url}\nCtrl-C ends it.", flush=True)
        if options.open:
            webbrowser.open(server.url)
        ended.wait()
        server.close()
        session.close()
    return DONE


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text[:9]) > PORT_MAX:
        raise argparse.ArgumentTypeError(f"a port from 0 to {PORT_MAX}, not {text!r}")
    return int(text)


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise argparse.ArgumentTypeError(f"an IP address, not {text!r}") from None
