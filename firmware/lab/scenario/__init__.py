"""Scenarios: the terminal's story as a text file, played on modelled hardware in virtual time."""
