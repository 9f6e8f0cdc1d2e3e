"""The shop of a touch screen beside the terminal: its routes, its page, an example of goods."""
