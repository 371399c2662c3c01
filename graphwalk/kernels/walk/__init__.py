"""Kernels that walk, in memory and in partitions, and send walkers to other partitions."""
