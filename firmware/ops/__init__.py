"""Looking after a terminal: installation, doctor, backup, releases, metrics."""
