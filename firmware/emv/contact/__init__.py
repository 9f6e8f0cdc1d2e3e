"""The contact kernel, one module a step of EMV Book 3."""
