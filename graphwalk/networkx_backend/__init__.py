"""Functions of NetworkX that run on graphwalk, as a backend that NetworkX finds by itself."""
