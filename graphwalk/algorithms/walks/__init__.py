"""Random walks as lazy Dask arrays, and their parameters."""
