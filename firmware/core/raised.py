"""Errors of one room as those of another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

E = TypeVar("E", bound=Exception)


class RaisedAs(Generic[E]):
    """A context that raises `make(error)` in the place of an error of `kinds`, which is its cause.

    It may be entered any number of times; a generator would cost ten times as much.
    """

    def __init__(self, kinds: tuple[type[E], ...], make: Callable[[E], Exception]) -> None:
        self._kinds, self._make = kinds, make

    def __enter__(self) -> None:
        pass

    def __exit__(self, _: object, error: BaseException | None, _traceback: object) -> None:
        if isinstance(error, self._kinds):
            raise self._make(error) from error
