"""Plugins and their offers: finding, loading, checking, choosing, installing and making them."""
