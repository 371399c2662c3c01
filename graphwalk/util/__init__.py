"""Helpers of all layers: memory, threads, progress bars, events, Arrow strings."""
