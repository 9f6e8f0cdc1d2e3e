"""The demo: a scenario with sentences in it, told as it is played, and shown on two pictures.

The story is `demo.pos` beside this module, played as `pos play` plays it. Nothing is prepared: each
screen is read back from the modelled chip's memory, each receipt from the paper.
"""

from __future__ import annotations

import re
import tempfile
from contextlib import closing
from pathlib import Path

from PIL import Image

from firmware.core.config_file import with_setting
from firmware.lab.narration import Narrator
from firmware.lab.scenario.language import Step, read
from firmware.lab.scenario.player import Player
from firmware.lab.scenario.stage import STAGE_CONFIG
from firmware.ui.contact_sheet import COLUMNS, grid, panel
from firmware.ui.texts import Language

STORY = Path(__file__).with_name("demo.pos")
SCREENS, RECEIPTS = "screens.png", "receipts.png"
# a sentence for people: a chapter's title, or what happens next; in Chinese | in English
_TOLD = re.compile(r"^# (==|--) (.+) \| (.+)$")
_UNSAID = ("set", "save screen", "save paper", "remember")
_END = (
    "每一项期望都成立。屏幕和签购单的图片在 {folder}/，总览是 {screens} 和 {receipts}。",
    "Every expectation held. The PNGs lie in {folder}/; {screens} and {receipts} show all of them.",
)
_MARGIN_PX = 16
_DESK, _PAPER, _INK, _EDGE = (226, 226, 220), (255, 255, 255), (40, 40, 44), (200, 200, 194)


class Demo:
    """A story that is played, shown and saved; its pictures go to `folder`."""

    def __init__(self, language: Language, folder: Path, narrator: Narrator) -> None:
        self._language = language
        self._folder = folder
        self._narrator = narrator
        self._screens: list[Image.Image] = []
        self._papers: list[Image.Image] = []

    def run(self, story: Path = STORY) -> None:
        """Play, show and save it. Raises ScenarioFailed and OSError."""
        language = self._language.value
        config = with_setting(STAGE_CONFIG, "general.language", language, source="--lang")
        lines = story.read_text(encoding="utf-8").splitlines()
        with (
            tempfile.TemporaryDirectory(prefix="pos-demo-") as directory,
            closing(Player(Path(directory), self._folder, config)) as player,
        ):
            self._play(player, read(story), lines)
        screens, papers = list(map(panel, self._screens)), list(map(_paper, self._papers))
        grid(screens, COLUMNS, _MARGIN_PX, _DESK).save(self._folder / SCREENS)
        grid(papers, len(papers), _MARGIN_PX, _DESK).save(self._folder / RECEIPTS)
        end = _END[0] if self._language is Language.ZH else _END[1]
        self._narrator.say(end.format(folder=self._folder, screens=SCREENS, receipts=RECEIPTS))

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
                self._narrator.step(lines[number - 1])
            elif step.verb.startswith("save"):
                self._show(step, player)

    def _say(self, line: str) -> None:
        found = _TOLD.match(line)
        if found is not None:
            text = found[2] if self._language is Language.ZH else found[3]
            self._narrator.say(text, title=found[1] == "==")

    def _show(self, step: Step, player: Player) -> None:
        """Show what a step has saved, as its file has it."""
        saved = self._folder / step.words[0]
        with Image.open(saved) as picture:
            image = picture.convert("1")
        if step.verb == "save screen":
            self._screens.append(image)
            self._narrator.screen(image, str(saved))
        else:
            self._papers.append(image)
            printer = player.stage.bench.paper_printer
            self._narrator.paper(printer.paper.text, printer.columns, str(saved))


def _paper(image: Image.Image) -> Image.Image:
    """A mode "1" receipt at its own size, with the margins that the print head does not reach."""
    picture = Image.new("RGB", (image.width + 2 * _MARGIN_PX, image.height + 2 * _MARGIN_PX), _EDGE)
    picture.paste(_PAPER, (1, 1, picture.width - 1, picture.height - 1))
    picture.paste(_INK, (_MARGIN_PX, _MARGIN_PX), image.point(lambda pixel: 255 - pixel))
    return picture
