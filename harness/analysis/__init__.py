"""Finished runs opened again."""
