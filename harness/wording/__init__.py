"""How numbers, phrases and foreign text are written, in every language."""
