"""Builds of stores: surveys, external sort of edges, labels, and rows as they come."""
