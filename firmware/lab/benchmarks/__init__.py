"""What the terminal costs: a module a group of figures, each measured in the run that prints it."""
