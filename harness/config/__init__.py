"""The configuration of a run: flags, TOML and strategy specs are the same thing."""
