"""Partitions of a graph in memory: their bounds, their rows, and what is derived from rows."""
