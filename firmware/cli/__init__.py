"""The commands of `pos`, one module each, and the composition of the terminal's parts."""
