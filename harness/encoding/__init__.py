"""Texts -> hidden states: a checkpoint's files -> a sound model and tokenizer."""
