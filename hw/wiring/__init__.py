"""The wiring diagram: drawn from `hw.board`, by `python -m hw.wiring`, so that it cannot differ."""
