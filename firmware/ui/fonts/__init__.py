"""The glyphs of the display, packed from free bitmap fonts, with their licences beside them."""
