"""The package of a third party has tests of its own, which run where it is installed."""

collect_ignore = ["textlab"]
