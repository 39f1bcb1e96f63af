"""What `harness plugins new` writes: each file with $placeholders, the strategy's by its kind."""
