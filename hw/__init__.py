"""Devices of the terminal: ports, drivers and the models behind their wires.

Knows nothing of money and never imports ``firmware``.
"""
