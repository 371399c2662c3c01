"""Graphs in Zarr stores: edges in any form are built into one, and read from it as needed."""
