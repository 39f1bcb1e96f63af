"""Plan -> trials -> run."""
