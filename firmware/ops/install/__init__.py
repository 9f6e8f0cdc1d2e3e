"""`pos install` and `pos uninstall`: the terminal as a service of a Debian system."""
