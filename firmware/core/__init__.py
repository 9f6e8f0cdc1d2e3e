"""What all rooms share: money, masked values, kinds of payment, settings, logs."""
