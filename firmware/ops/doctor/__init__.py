"""`pos doctor`: a check a part, over injected probes; each finding that is bad says what to do."""
