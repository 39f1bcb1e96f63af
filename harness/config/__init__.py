"""What a run is asked for: flags, TOML and strategy specs are the same thing."""
