"""Numbers -> pictures: SVG that holds no script, reads well in light and dark, and is the same for the same numbers."""
