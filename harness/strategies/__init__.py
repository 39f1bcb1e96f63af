"""The contract of strategies, and bases to write one."""
