"""Kernels that derive tables from rows: alias tables, Bloom filters, orders by type and time."""
