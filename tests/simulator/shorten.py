"""Tells a broken promise in as few lines as can, as a scenario file that `pos play` fails on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from firmware.lab.scenario.playing import play
from tests.simulator.merchant import AT_REST, BACK_OFFS_MAX
from tests.simulator.play import Lived, Simulator

TRIES_MAX = 150
TRUST_THE_CLOCK = ["wait 5s", "press ENTER", "press 246810 ENTER", "press CANCEL", "press CANCEL"]
FEW = 12  # lines before the end: what broke is mostly a story of these


def shortened(simulator: Simulator, lived: Lived, seed: int) -> Lived:
    """The same promise broken again, by as few of the lines as were found to break it."""
    broken, found = _kind(lived.broken), lived

    def breaks(lines: list[str]) -> bool:
        nonlocal found
        again = simulator.again([*lines, *_closing(lines, broken)], seed)
        if _kind(again.broken) == broken:
            found = again
        return found is again

    lines = [line for line in lived.lines if line != AT_REST]
    _dropped(_last_few(lines, breaks), breaks)
    return found


def report(simulator: Simulator, lived: Lived, seed: int, folder: Path) -> str:
    """Write a scenario file that shows a broken promise; what to do with it, in words.

    What is wrong while the terminal is at work would still be wrong after a power cut there.
    """
    told = shortened(simulator, lived, seed)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"seed-{seed}.pos"
    head = [f"# seed {seed}: {told.broken}", f"# {len(lived.lines)} lines before it was shortened"]
    cut = f"at {told.ended_ms - 1}ms power cut"  # or before the last line, which may have waited
    for lines in (told.timed, [*told.timed[:-1], cut], [*told.timed, cut]):
        whole = [*head, *lines, *_closing(lines, told.broken)]
        path.write_text("\n".join(whole) + "\n", encoding="utf-8")
        if _fails(path):
            return f"seed {seed}: {told.broken}: pos play {path}"
    return f"seed {seed}: {told.broken}: {path}, which pos play does not notice"


def _last_few(lines: list[str], breaks: Callable[[list[str]], bool]) -> list[str]:
    """The shortest end of the lines, doubled each time, that breaks it by itself."""
    settings = [line for line in lines if line.startswith("set ")]
    count = FEW
    while count < len(lines) - len(settings):
        if breaks([*settings, *lines[-count:]]):
            return [*settings, *lines[-count:]]
        count *= 2
    return lines


def _dropped(lines: list[str], breaks: Callable[[list[str]], bool]) -> list[str]:
    """Drop runs of lines, from the end on and ever shorter ones."""
    size, tries = (len(lines) + 1) // 2, TRIES_MAX
    while size and tries > 0:
        at = len(lines) - size
        while at > -size and tries > 0:
            fewer = lines[: max(at, 0)] + lines[at + size :]
            tries -= 1
            if breaks(fewer):
                lines = fewer
            at -= size
        size //= 2
    return lines


def _closing(lines: list[str], broken: str) -> list[str]:
    """Everything is put right, and the terminal has the time it needs: then the books agree."""
    if AT_REST in lines:
        return []
    power = [line for line in lines if "power " in line]
    closing = ["power on"] if power and power[-1].endswith("cut") else []
    faulty = {line.split("fault ")[1].split()[0] for line in lines if "fault " in line}
    closing += [f"clear {device}" for device in sorted(faulty)]
    if "clock" in faulty:  # the journal may have seen a later day
        closing += TRUST_THE_CLOCK
    patience = BACK_OFFS_MAX if "owed" in broken else 0
    return [*closing, "remove", "press CANCEL", "wait 3m", *["wait 30m"] * patience, AT_REST]


def _fails(path: Path) -> bool:
    """Whether a terminal that nobody watches fails on a file, by its end or on the way."""
    try:
        play(path)
    except Exception:  # noqa: BLE001 - a bug is what is looked for
        return True
    return False


def _kind(broken: str) -> str:
    """A broken promise without its numbers."""
    return "".join(char for char in broken if not char.isdigit())
