"""Numbers, phrases and foreign text as they are written, in every language."""
