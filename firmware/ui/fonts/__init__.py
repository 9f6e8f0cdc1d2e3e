"""The glyphs of the glass, packed from free bitmap fonts, with their licences beside them."""
