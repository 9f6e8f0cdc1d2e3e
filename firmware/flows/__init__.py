"""Flows: what the terminal does, top to bottom, as awaited effects."""
