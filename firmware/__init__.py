"""The terminal's program, one package a room: firmware/README.md says what lives where."""

__version__ = "0.1.0"
