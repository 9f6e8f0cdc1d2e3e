"""密钥与线路: the master key by keypad, and what is said to the acquirer about the line itself.

The key comes in two components that two people keep. Each is 32 hexadecimal digits, keyed masked:
0-9 as they are, A-F as `*` and 1-6. The check value of each component is shown after it, that of
the key at last: it is compared with the acquirer's letter, and ENTER loads the key.
"""

from __future__ import annotations

from firmware.core.masked import KeyHex, SecretKey
from firmware.flows.desk import Desk
from firmware.flows.effects import Beep, LoadMasterKey, MaskedEntry
from firmware.flows.steps import GivenUp, choose_text, confirm, press, tell
from firmware.flows.words import why_no_answer
from firmware.iso8583.messages import HostAnswer, NoAnswer
from firmware.iso8583.responses import APPROVED, response_text
from firmware.iso8583.working_keys import WorkingKeysError, check_value, master_of
from firmware.journal.operators import SUPERVISOR
from firmware.journal.records import MasterKeyLoaded
from firmware.payments.effects import Append
from firmware.payments.line import echo, sign_on
from firmware.ui.screens import Notice, Phrase, TextEntry
from firmware.ui.texts import Text
from hw.events import Key

ITEMS = (Text.MASTER_KEY, Text.LINE_SIGN_ON, Text.LINE_ECHO)
DIGITS, GROUP = 32, 4
LETTERS = dict(zip("123456", "ABCDEF", strict=True))


async def line_keys(desk: Desk) -> None:
    """Choose: load the master key, sign on, or ask whether the acquirer is there."""
    match await choose_text(desk, Text.MENU_KEYS, ITEMS):
        case Text.MASTER_KEY:
            await load_master_key(desk)
        case Text.LINE_SIGN_ON:
            await _say(desk, Text.LINE_SIGN_ON, Text.SIGNED_ON_LINE, await sign_on(desk))
        case Text.LINE_ECHO:
            await _say(desk, Text.LINE_ECHO, Text.LINE_WELL, await echo(desk))


async def load_master_key(desk: Desk) -> None:
    """Ask for both components, load the master key that they make, and sign on with it."""
    components: list[bytes] = []
    for number in (1, 2):
        keyed = await _component(desk, number)
        if isinstance(keyed, GivenUp):
            return
        component = bytes.fromhex(keyed.reveal())
        seen = _check(Phrase.of(Text.KEY_COMPONENT, number=number, group=8), component)
        if not await confirm(desk, seen):
            return
        components.append(component)
    try:
        master = master_of(*components)
    except WorkingKeysError:
        await tell(desk, Text.REFUSED, Text.KEY_NOT_VALID)
        return
    if not await confirm(desk, _check(Phrase.of(Text.MASTER_KEY), master.reveal())):
        return
    if not await LoadMasterKey(master):
        await tell(desk, Text.REFUSED, Text.KEY_NOT_KEPT)
        return
    await Append.of(MasterKeyLoaded(check=_told(master.reveal()), by=SUPERVISOR))
    await tell(desk, Text.MASTER_KEY, Text.KEY_LOADED, warning=False)
    await _say(desk, Text.LINE_SIGN_ON, Text.SIGNED_ON_LINE, await sign_on(desk))


async def _component(desk: Desk, number: int) -> KeyHex | GivenUp:
    """Key 32 hexadecimal digits, masked from the first on, shown by groups of four."""
    keyed: KeyHex | None = None
    letter = False  # `*` was pressed: 1-6 is A-F
    while True:
        count = len(keyed) if keyed else 0
        group = min(count // GROUP, DIGITS // GROUP - 1)
        title = Phrase.of(Text.KEY_COMPONENT, number=number, group=group + 1)
        hint = Phrase.of(Text.KEY_LETTER if letter else Text.KEY_HINT)
        screen = TextEntry(title, "*" * (count - group * GROUP), GROUP, hint)
        key = await press(desk, screen, masked=MaskedEntry.PASSWORD)
        if isinstance(key, GivenUp):
            return key
        if key is Key.ENTER and keyed and count == DIGITS:
            return keyed
        if key is Key.STAR and count < DIGITS:
            letter = not letter
        elif key is Key.BACK and (letter or keyed):
            keyed, letter = (keyed if letter or not keyed else keyed.without_last()), False
        elif count < DIGITS and (digit := _digit(key, letter=letter)):
            more = KeyHex(digit)
            keyed, letter = (keyed.with_more(more) if keyed else more), False
        else:
            await Beep()


def _digit(key: Key, *, letter: bool) -> str | None:
    """The hexadecimal digit that a key adds, A-F after `*` (`letter`); None for other keys."""
    if key.digit is None or not letter:
        return key.digit
    return LETTERS.get(key.digit)


def _check(title: Phrase, key: bytes) -> Notice:
    """The check value of a key or a component, to be compared with what is on paper."""
    value = Phrase.of(Text.KEY_CHECK, check=_told(key))
    go_on = Phrase.of(Text.PRESS_ENTER_TO_GO_ON)
    return Notice(title, (value, Phrase.of(Text.KEY_COMPARE)), go_on)


def _told(key: bytes) -> str:
    return check_value(SecretKey(key)).hex().upper()


async def _say(desk: Desk, title: Text, well: Text, answer: HostAnswer) -> None:
    """Say how the acquirer answered; if it did not, what may be wrong."""
    if isinstance(answer, NoAnswer):
        await tell(desk, title, *why_no_answer(answer))
    elif answer.response_code == APPROVED:
        await tell(desk, title, well, warning=False)
    else:
        code = answer.response_code
        await tell(desk, title, Phrase.of(response_text(code)), Phrase.of((code, code)))
