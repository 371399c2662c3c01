"""Walks in files: formats, labels in place of numbers, and jobs that can be resumed."""
