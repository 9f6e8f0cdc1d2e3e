"""Card tools: a card of the tray or in a real reader, identified, traced and served."""
