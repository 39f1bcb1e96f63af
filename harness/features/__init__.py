"""Frozen features: computed in one pass, kept on disk, read again."""
