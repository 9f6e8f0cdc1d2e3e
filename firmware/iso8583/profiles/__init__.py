"""Profiles that ship, a TOML file each."""
