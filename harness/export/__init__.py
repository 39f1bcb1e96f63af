"""A classifier of a run -> a folder that predicts without this package."""
