"""What a strategy is, and bases to write one."""
