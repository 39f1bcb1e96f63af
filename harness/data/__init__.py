"""Files and columns -> a task that validates itself; its audit; the bundled sample."""
