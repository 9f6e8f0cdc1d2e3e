"""Payments without screens and keys: orders, limits, originals, the way to the acquirer."""
