"""Clients to begin from: each is one short file, and the tests run it."""
