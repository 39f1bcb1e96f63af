"""Numbers in, numbers out: metrics, intervals, tests."""
