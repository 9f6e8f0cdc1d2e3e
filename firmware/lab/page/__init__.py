"""The bench page: the whole terminal in a browser, on its modelled hardware, in real time."""
