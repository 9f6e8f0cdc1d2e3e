"""ISO 8583 messages, profiles, MAC, PIN block, keys and the line: used by both ends."""
