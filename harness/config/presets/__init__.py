"""Settings for situations, as TOML files with the names of the flags."""
