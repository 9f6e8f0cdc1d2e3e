"""What the terminal does: flows, kernel, journal, host, vouchers and screens."""

__version__ = "0.1.0"
