"""Where trials run: an assignment without test labels goes in, predictions come out."""
