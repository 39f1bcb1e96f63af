"""The published JSON schema of run.json."""
