"""Kernels that make text of walks."""
