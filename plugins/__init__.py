"""The strategies that come with the harness: ordinary plugins, one file each, found through entry points."""
