"""Reads the journal and changes nothing: evidence, verification, exports, reports."""
