"""Benchmarks: every figure is a ratio to a named peer or floor, measured in the same run."""
