"""Models of PC/SC and its readers, and the way to a real `pcscd`."""
