"""What surrounds a terminal to try it: scenarios, the bench page, card tools, benchmarks."""
