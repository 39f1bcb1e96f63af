"""Plugins of strategy-harness that read no words."""
