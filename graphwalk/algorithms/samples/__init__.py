"""Samples of the neighbourhoods of nodes, for graph neural networks."""
