"""The command line of `pos`: each command is a module of `firmware.cli`, imported when used."""

from __future__ import annotations

import contextlib
import importlib
import os
import signal
import sys
from collections.abc import Sequence
from types import CodeType, FrameType

if __name__ == "__main__":  # Ctrl-C while modules are read ends the process without a traceback
    signal.signal(signal.SIGINT, signal.SIG_DFL)

from firmware import __version__
from firmware.core import core_dumps as cores
from firmware.core import garbage
from firmware.core.exits import FAILED, Parser, Refused

# command → what it does, as `pos --help` says it; the module of the same name has `add_arguments`
# and `run`
COMMANDS = {
    "sim": "show the whole terminal on its modelled hardware in a browser",
    "demo": "play a sale, a void and a refund on the modelled hardware, and show them",
    "play": "play scenario files on the modelled hardware, in virtual time",
    "card": "identify, trace or serve cards, modelled ones and those in a real reader",
    "run": "run the terminal on real hardware, as its configuration says",
    "bench": "measure what the terminal costs: bytes, time, commits, memory",
    "journal": "list, show or export the journal's records",
    "backup": "copy data and settings into one file, while the terminal trades",
    "restore": "make a backup the data of a terminal that has none",
    "acquirer": "be an acquirer for terminals, read frames of its line, make MACs, try the line",
    "key": "put in the terminal master key of an acquirer's line, or show check values",
    "doctor": "look at each part of a wired Pi, and say what to do about what is wrong",
    "install": "make the terminal a service of this system",
    "uninstall": "take the service away; data and settings stay",
    "release": "switch between releases, and go back from one that is not well",
    "evidence": "pack what a bank asks for in a dispute about a voucher",
    "report": "a day or a batch as a table and a chart",
    "verify": "check a journal, or the QR code of a receipt, without the terminal",
    "operator": "list, add, reset or delete operators while the terminal is off",
    "till": "list, add or remove the tills and kiosks that may use the API",
    "config": "show the settings and where each comes from, or check a file",
    "guide": "write the cashier's page, with the real screens, to be printed",
    "screens": "draw the contact sheet of all screens",
}
# in their memory, with PINs and keys
HOLD_CARDS = ("sim", "demo", "play", "card", "run", "key", "acquirer")
_AGAIN_S = 0.001


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; gives the exit code: 0 done, 1 failed, 2 used wrongly."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    try:
        if arguments is None:  # until here Ctrl-C has ended the process without a word
            _open_closed_streams()
            sys.unraisablehook = raise_later
            signal.signal(signal.SIGINT, signal.default_int_handler)
            for number in (signal.SIGTERM, signal.SIGHUP):
                if signal.getsignal(number) is signal.SIG_DFL:  # not under nohup
                    signal.signal(number, _end)
        return _run(words, alone=arguments is None)
    except Refused as refused:
        return refused.say()
    except BrokenPipeError:  # the reader closed the pipe, and the flush at exit would fail again
        _give_up_output()
        return 0
    except OSError as error:  # what a command does not know better: a full disk under its output
        _give_up_output()
        place = f"{error.filename}: " if error.filename else ""
        return Refused(f"{place}{error.strerror or error}", code=FAILED).say()
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith("firmware.lab"):
            raise
        return Refused("this needs firmware/lab, which is not installed here", code=FAILED).say()
    except EOFError:  # Ctrl-D where something is asked
        return Refused("the input ended before all was answered", code=FAILED).say()
    except KeyboardInterrupt:
        return 130


def _run(words: list[str], *, alone: bool) -> int:
    wanted = words[0] if words else ""
    if alone and wanted in HOLD_CARDS:  # else the process is somebody else's
        cores.forbid()
    if alone and wanted == "run":
        garbage.wait_for_the_start()
    parser = Parser(prog="pos", description=__doc__)
    parser.add_argument("--version", action="version", version=f"pos {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, help_text in COMMANDS.items():
        sub = commands.add_parser(name, help=help_text, description=help_text)
        if name == wanted:
            _module(name).add_arguments(sub)
    commands.add_parser("test", help="run the tests (`firmware/pos test`, or `pytest`)")
    options = parser.parse_args(words)
    if options.command == "test":
        raise Refused("the tests run by `firmware/pos test`, or `pytest`")
    code: int = _module(options.command).run(options)
    sys.stdout.flush()
    return code


def _end(number: int, _frame: object) -> None:
    """End as after an error: what was half written is taken away. Raises SystemExit."""
    raise SystemExit(128 + number)


def raise_later(told: sys.UnraisableHookArgs) -> None:
    """Raise an end again, a moment later, that came where Python can raise nothing.

    Such as in a callback of its own import: it would be printed with a traceback, and be lost.
    """
    end = told.exc_value
    if not isinstance(end, KeyboardInterrupt | SystemExit):
        sys.__unraisablehook__(told)
        return

    wait_s = _AGAIN_S

    def again(_number: int, frame: FrameType | None) -> None:
        nonlocal wait_s
        if not _stands_in(frame, raise_later.__code__):
            raise end
        wait_s *= 2  # over before the hook is, on a slow machine: it would be lost again
        signal.setitimer(signal.ITIMER_REAL, wait_s)

    signal.signal(signal.SIGALRM, again)
    signal.setitimer(signal.ITIMER_REAL, wait_s)


def _stands_in(frame: FrameType | None, code: CodeType) -> bool:
    while frame is not None:
        if frame.f_code is code:
            return True
        frame = frame.f_back
    return False


def _open_closed_streams() -> None:
    """Connect a standard stream that was closed at the start to the null device.

    Python gives None for it, and the next file or connection would get its descriptor.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is not None:
            continue
        nothing = os.open(os.devnull, os.O_RDWR)
        try:
            os.fstat(number)
        except OSError:  # closed still
            os.dup2(nothing, number)
            os.close(nothing)
            nothing = number
        mode = "r" if name == "stdin" else "w"
        setattr(sys, name, os.fdopen(nothing, mode, encoding="utf-8", closefd=False))


def _give_up_output() -> None:
    """Let what is still to be written to standard output go nowhere."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _module(command: str):  # type: ignore[no-untyped-def]  # noqa: ANN202 - a module
    return importlib.import_module(f"firmware.cli.{command}")


if __name__ == "__main__":
    sys.exit(main())
