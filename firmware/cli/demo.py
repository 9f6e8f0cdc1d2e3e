"""`pos demo`: tells a sale, a void and a refund as they happen on the modelled hardware.

The story is the scenario `demo.pos` beside this module, played as `pos play` plays it. Nothing is
prepared: each screen is read back from the modelled chip's memory, each voucher from the paper.
"""

from __future__ import annotations

import argparse
import io
import os
import re
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from PIL import Image

from firmware.core.config_file import with_setting
from firmware.core.exits import DONE, FAILED, Refused
from firmware.lab import album
from firmware.lab.narration import Teller
from firmware.lab.scenario.language import Step, read
from firmware.lab.scenario.player import Player, ScenarioFailed
from firmware.lab.scenario.stage import STAGE_CONFIG
from firmware.ui.texts import Language

STORY = Path(__file__).with_name("demo.pos")
LANGUAGES = {"zh": Language.ZH, "en": Language.EN}
SCREENS, VOUCHERS = "screens.png", "vouchers.png"
SCREENS_COLUMNS = 4
# a sentence for people: a chapter's title, or what happens next; in Chinese | in English
_TOLD = re.compile(r"^# (==|--) (.+) \| (.+)$")
_UNSAID = ("set", "save screen", "save paper", "remember")
_END = (
    "每一项期望都成立。屏幕和签购单的图片在 {folder}/，总览是 {screens} 和 {vouchers}。",
    "Every expectation held. The PNGs lie in {folder}/; {screens} and {vouchers} show all of them.",
)


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
    language = LANGUAGES[options.lang or locale_language(os.environ)]
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal without the signs shows the rest
    teller = Teller.of_terminal(language, pauses=not options.fast)
    try:
        options.output.mkdir(parents=True, exist_ok=True)
        Telling(language, options.output, teller).tell()
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


def locale_language(environment: Mapping[str, str]) -> str:
    """The language that the person's locale asks for; English unless it is Chinese."""
    names = ("LC_ALL", "LC_MESSAGES", "LANG")
    asked = next((environment[name] for name in names if environment.get(name)), "")
    return "zh" if asked.lower().startswith("zh") else "en"


class Telling:
    """One telling of a story; its pictures go to `folder`."""

    def __init__(self, language: Language, folder: Path, teller: Teller) -> None:
        self._language = language
        self._folder = folder
        self._teller = teller
        self._screens: list[Image.Image] = []
        self._papers: list[Image.Image] = []

    def tell(self, story: Path = STORY) -> None:
        """Play, show and save it. Raises ScenarioFailed and OSError."""
        language = self._language.value
        config = with_setting(STAGE_CONFIG, "general.language", language, source="--lang")
        lines = story.read_text(encoding="utf-8").splitlines()
        with tempfile.TemporaryDirectory(prefix="pos-demo-") as directory:
            player = Player(Path(directory), self._folder, config)
            try:
                self._play(player, read(story), lines)
            finally:
                player.close()
        screens, papers = map(album.panel, self._screens), map(album.paper, self._papers)
        album.grid(list(screens), SCREENS_COLUMNS).save(self._folder / SCREENS)
        album.grid(list(papers), len(self._papers)).save(self._folder / VOUCHERS)
        end = _END[0] if self._language is Language.ZH else _END[1]
        self._teller.say(end.format(folder=self._folder, screens=SCREENS, vouchers=VOUCHERS))

    def _play(self, player: Player, steps: list[Step], lines: list[str]) -> None:
        """Play each step; the sentences between it and the one before are said first."""
        told = 0
        for step in steps:
            number = int(step.place.rpartition(":")[2])
            for line in lines[told : number - 1]:
                self._say(line)
            told = number
            player.play(step)
            if step.verb not in _UNSAID:
                self._teller.step(lines[number - 1])
            elif step.verb.startswith("save"):
                self._show(step, player)

    def _say(self, line: str) -> None:
        found = _TOLD.match(line)
        if found is not None:
            text = found[2] if self._language is Language.ZH else found[3]
            self._teller.say(text, title=found[1] == "==")

    def _show(self, step: Step, player: Player) -> None:
        """Show what a step has saved, as its file has it."""
        saved = self._folder / step.words[0]
        with Image.open(saved) as picture:
            image = picture.convert("1")
        if step.verb == "save screen":
            self._screens.append(image)
            self._teller.screen(image, str(saved))
        else:
            self._papers.append(image)
            printer = player.stage.bench.paper_printer
            self._teller.paper(printer.paper.text, printer.columns, str(saved))
