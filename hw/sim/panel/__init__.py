"""Models of what a person sees and presses: display controllers, key matrix, USB keypad."""
