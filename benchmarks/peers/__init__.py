"""Comparison of graphwalk with other packages: builds, walks, and the exactness of walks."""
