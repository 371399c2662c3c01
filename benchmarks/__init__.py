"""Benchmarks: every figure is compared with a peer or a lower bound in the same run."""
