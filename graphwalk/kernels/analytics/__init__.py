"""Kernels of graph analytics: each visits some stored entries and updates arrays over nodes."""
