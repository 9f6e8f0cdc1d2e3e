"""Screens as pure functions from data to a 128×64 1-bit image, in zh_CN and en."""
