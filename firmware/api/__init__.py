"""The local HTTP API for tills and kiosks: asks through the inbox, reads the journal, no more."""
