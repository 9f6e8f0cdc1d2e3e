"""Whatever is wrong with the journal is named on the display, at a refused start and in service."""

from __future__ import annotations

import errno
import sqlite3
from typing import Any

import pytest

from firmware.acquirer.engine import BooksError
from firmware.core.config import Config, General
from firmware.flows.effects import Fault, RetryFaults, Show
from firmware.flows.outage import outage
from firmware.iso8583.keys import KeyFileError
from firmware.journal.faults import JournalFault, Trouble
from firmware.payments.effects import Effect, Look, ReadClock
from firmware.terminal.refusal import show_refusal
from firmware.ui.render import render
from firmware.ui.screens import OutOfService, Owner, Phrase
from firmware.ui.texts import Language
from hw.oled import Oled
from hw.sim.panel.ssd1306 import Ssd1306
from tests.flows.script import desk
from tests.flows.words import NOW

DISK = ("存储故障", "请联系维护人员"), ("Storage fault", "Call service")
DAMAGED = ("流水损坏", "请联系维护人员"), ("Journal damaged", "Call service")
KEYS = ("密钥不符或不可读", "请恢复密钥文件"), ("Keys unusable", "Restore the keys")
READ_ONLY = ("存储只读", "请检查存储卡"), ("Disk is read-only", "Check the SD card")
FULL = ("存储空间已满", "请清理存储空间"), ("Storage full", "Free the disk")
BOOKS = ("主机账本故障", "请联系维护人员"), ("Host books fault", "Call service")
TRUSTED = ("请核对时钟", "无误请主管按确认"), ("Check the clock", "Supervisor: ENTER yes")
SAID = {
    Trouble.FULL: FULL,
    Trouble.IO: DISK,
    Trouble.FAILED: DISK,
    Trouble.READ_ONLY: READ_ONLY,
    Trouble.CORRUPT: DAMAGED,
    Trouble.RULE: DAMAGED,
    Trouble.LOST: (("流水丢失", "请恢复备份"), ("Journal is gone", "Restore a backup")),
    Trouble.GONE: (("找不到数据盘", "请接回数据盘"), ("Data disk gone", "Reconnect it")),
    Trouble.OTHERS: (("数据已被调换", "请放回原来的数据"), ("Not our data", "Put ours back")),
    Trouble.TRUNCATED: (("流水末尾缺失", "请恢复备份"), ("Records missing", "Restore a backup")),
    Trouble.BOOKS: (("主机账本故障", "请恢复主机账本"), ("Host books fault", "Restore the books")),
    Trouble.NEWER: (("软件比流水旧", "请升级软件"), ("Software too old", "Update software")),
    Trouble.BUSY: (("流水被占用", "请关闭其它程序"), ("Journal in use", "End other programs")),
    Trouble.KEYS: KEYS,
    Trouble.ENGINE: (
        ("数据库版本不符", "请升级系统"),
        ("Wrong database version", "Update the system"),
    ),
    Trouble.CLOCK_UNSET: (("请核对时钟", "请校准时间"), ("Check the clock", "Set the clock")),
    Trouble.CLOCK_BEHIND: TRUSTED,
    Trouble.CLOCK_AHEAD: TRUSTED,
}
LANGUAGES = list(Language)
OTHERS = {
    KeyFileError("host-master.key: expected 32 bytes"): KEYS,
    OSError(errno.EROFS, "read-only file system"): READ_ONLY,
    OSError(errno.ENOSPC, "no space left on device"): FULL,
    OSError(errno.EIO, "input/output error"): DISK,
    BooksError("schema 9: expected at most 4"): BOOKS,
    sqlite3.DatabaseError("file is not a database"): BOOKS,
}


def refused(error: Exception, language: Language) -> Ssd1306:
    """The display of a terminal that does not start."""
    chip = Ssd1306()
    config = Config(general=General(language=language.value))
    show_refusal(config, error, Oled(lambda: chip))
    return chip


def stands(chip: Ssd1306, said: tuple[str, str], language: Language) -> bool:
    """Whether reason and advice, whose terminal it is, and nothing else is on the display."""
    owner = Owner("幸福小店" if language is Language.ZH else "HAPPY STORE", "S01", "10000001")
    reason, advice = (Phrase.of((each, each)) for each in said)
    screen = OutOfService(owner, reason, advice)
    return chip.image().tobytes() == render(screen, language).image.tobytes()


def in_service(fault: Fault) -> OutOfService:
    """The screen that an outage shows for `fault`."""
    flow = outage(desk())
    effect: Effect[Any] = flow.send(None)
    while not isinstance(effect, Show):
        answers: dict[type, object] = {RetryFaults: (fault,), Look: [], ReadClock: NOW}
        effect = flow.send(answers.get(type(effect)))
    flow.close()
    assert isinstance(effect.screen, OutOfService)
    return effect.screen


def test_every_trouble_has_its_words() -> None:
    assert set(SAID) == set(Trouble)


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda each: each.value)
@pytest.mark.parametrize("trouble", SAID, ids=lambda each: each.value)
def test_the_display_of_a_refused_start_names_the_trouble(
    trouble: Trouble, language: Language
) -> None:
    chip = refused(JournalFault(trouble, "…"), language)
    if trouble is Trouble.BUSY:  # the display is that of the terminal which runs
        assert chip.transactions == 0
    else:
        assert stands(chip, SAID[trouble][LANGUAGES.index(language)], language)


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda each: each.value)
@pytest.mark.parametrize("error", OTHERS, ids=repr)
def test_what_else_keeps_it_from_starting_is_named_too(
    error: Exception, language: Language
) -> None:
    assert stands(refused(error, language), OTHERS[error][LANGUAGES.index(language)], language)


@pytest.mark.parametrize("trouble", SAID, ids=lambda each: each.value)
def test_the_display_of_a_running_outage_names_the_trouble(trouble: Trouble) -> None:
    screen = in_service(Fault(None, "…", trouble))
    for language, said in zip(LANGUAGES, SAID[trouble], strict=True):
        assert (screen.reason.in_language(language), screen.advice.in_language(language)) == said
