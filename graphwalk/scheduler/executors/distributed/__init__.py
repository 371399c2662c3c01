"""Dask distributed. Only this folder imports it, and it does so when asked for."""
