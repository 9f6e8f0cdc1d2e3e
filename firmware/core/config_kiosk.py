"""The settings of a kiosk: what it sells on the terminal's keys, on a touch screen, or on both."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from firmware.core.config_section import AmountMinor, FileName, Seconds, Section, says

# what can be shown and printed: as `firmware.api.types` has it
_PLAIN = "^[^\\x00-\\x1f\\x7f-\\x9f\\u2028-\\u202e\\u2066-\\u2069]*$"
_PICTURE = r"^([A-Za-z0-9_-][A-Za-z0-9._-]*\.(jpg|jpeg|png|webp|svg))?$"


class Item(Section, frozen=True):
    """One thing that a kiosk sells."""

    key: Annotated[str, Meta(pattern="^[1-9]?$")] = ""  # of the terminal; "" is sold by touch alone
    name: Annotated[str, Meta(min_length=1, max_length=40, pattern=_PLAIN)] = "?"
    name_en: Annotated[str, Meta(max_length=40, pattern=_PLAIN)] = ""  # `name` where it is empty
    price: AmountMinor = 0
    picture: Annotated[str, Meta(max_length=80, pattern=_PICTURE)] = ""  # a file in kiosk.pictures
    category: Annotated[str, Meta(max_length=20, pattern=_PLAIN)] = ""
    category_en: Annotated[str, Meta(max_length=20, pattern=_PLAIN)] = ""


class Kiosk(Section, frozen=True):
    """The unattended terminal: what it sells, and how soon it waits for the next customer."""

    items: Annotated[
        tuple[Item, ...],
        says(
            '[[kiosk.items]] of name, price and optional key "1" to "9", name_en,'
            " picture, category, category_en: see kiosk/README.md"
        ),
    ] = ()
    timeout_s: Annotated[Seconds, says("a kiosk waits for the next customer after this")] = 20
    shop: Annotated[
        bool, says("sell the items on a touch screen, by the page /kiosk/ of the API's port")
    ] = False
    pictures: Annotated[FileName, says("folder of the items' pictures; relative to this file")] = ""
