"""Dask on Ray. This is the only room that imports Ray, and it does so when asked for."""
