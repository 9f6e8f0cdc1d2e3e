"""The page with which anybody checks a receipt on a phone, without a network: one HTML file."""
