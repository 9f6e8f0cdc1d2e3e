"""A model of an ESC/POS printer, from its wire to dots on paper."""
