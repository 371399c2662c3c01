"""Graph analytics: one module for each algorithm, on the scans of the engine."""
