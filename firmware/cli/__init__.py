"""The commands of `pos`, one module each: arguments, one call, exit code."""
