"""Models of what is behind the wires: chips, switches, printers, cards.

A model interprets what a real driver sends, as its datasheet says; it is never a driver itself.
"""
