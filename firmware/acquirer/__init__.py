"""The other end of the line: issuer, books and service. It never imports the journal."""
