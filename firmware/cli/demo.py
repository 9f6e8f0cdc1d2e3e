"""`pos demo`: tells a sale, a void and a refund as they happen on the modelled hardware."""

from __future__ import annotations

import argparse
import io
import sys
from pathlib import Path

from firmware.core.exits import DONE, FAILED, Refused
from firmware.lab.demo import Demo
from firmware.lab.narration import LANGUAGES, Narrator, language_of
from firmware.lab.scenario.player import ScenarioFailed


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "--lang", choices=LANGUAGES, help="language of story and screens (default: the locale's)"
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        default=Path("out/demo"),
        metavar="DIR",
        help="where the PNGs go (default: %(default)s)",
    )
    parser.add_argument("--fast", action="store_true", help="do not pause to let people read")


def run(options: argparse.Namespace) -> int:
    """Tell the story: 0 when all of it held, 1 when not. Raises Refused without room for PNGs."""
    language = language_of(options.lang)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal without the signs shows the rest
    narrator = Narrator.of_terminal(language, pauses=not options.fast)
    try:
        options.output.mkdir(parents=True, exist_ok=True)
        Demo(language, options.output, narrator).run()
    except BrokenPipeError:
        raise
    except OSError as error:
        if error.filename is None:  # standard output, or a disk that is full
            raise
        raise Refused(f"{error.filename}: {error.strerror or error}") from error
    except ScenarioFailed as failed:
        print(failed, file=sys.stderr)
        return FAILED
    return DONE
