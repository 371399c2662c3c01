"""Kernels of the build: parse edges, sort and merge them in buckets."""
