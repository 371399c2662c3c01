"""Edges from text: delimiters, header, compression, and parsing."""
