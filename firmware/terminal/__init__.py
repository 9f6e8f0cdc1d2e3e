"""One terminal put together: the runner of flows, its world, its loop and its data."""
