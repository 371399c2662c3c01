"""Compiled code: arrays in, arrays out, no I/O."""
