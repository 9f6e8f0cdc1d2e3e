"""What a voucher says and how it is laid out."""
