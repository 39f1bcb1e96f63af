"""Files that `harness plugins new` writes: each with $placeholders, the strategy's by its kind."""
