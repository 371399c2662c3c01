"""Kernels that copy and check rows of a store, and look up labels."""
