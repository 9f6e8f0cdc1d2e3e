"""What can be wrong with the journal: its disk, its content, or what it was asked to write."""

from __future__ import annotations

from firmware.core.raised import RaisedAs
from firmware.core.sqlite import DATABASE_ERRORS, JournalFault, Trouble, fault_of, trouble_of

# those of `core/sqlite` are named here for all who read the journal
__all__ = ["DATABASE_ERRORS", "JournalFault", "Trouble", "fault_of", "trouble_of"]


class RuleBroken(JournalFault):
    """A record contradicts those before it. Nothing was written; the journal stays usable."""

    def __init__(self, words: str) -> None:
        super().__init__(Trouble.RULE, words)


class IntentsOpen(RuleBroken):
    """A payment in the records that are left has no outcome."""


# what reading damaged content raises: a number that is a text, a text that is no JSON, a row that
# is not there
DAMAGE = (ValueError, TypeError, LookupError, AttributeError, AssertionError, ArithmeticError)


def damage_of(error: BaseException) -> JournalFault:
    """The fault for an error while content was read: the content is damaged."""
    return JournalFault(Trouble.CORRUPT, f"it cannot be read: {type(error).__name__}: {error}")


damage_is_a_fault = RaisedAs(DAMAGE, damage_of)  # for turning a damaged row into a value
error_is_a_fault = RaisedAs(DATABASE_ERRORS, fault_of)  # for what the database is asked


def meant_by(error: BaseException) -> BaseException:
    """The JournalFault for an error of reading or writing the journal; other errors as they are."""
    if isinstance(error, DATABASE_ERRORS):
        return fault_of(error)
    return damage_of(error) if isinstance(error, DAMAGE) else error
