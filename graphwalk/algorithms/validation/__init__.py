"""Checks of a whole store: arrays, rows and labels; rows by a scan on the engine."""
