"""Checks of a whole store: arrays, rows and labels."""
