"""A classifier of a run as a repository of the hub: its files, its model card, and whether both still hold."""
