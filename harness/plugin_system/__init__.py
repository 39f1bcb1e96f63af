"""Who offers what: finding, loading, checking and choosing plugins."""
