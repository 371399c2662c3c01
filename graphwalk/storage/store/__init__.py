"""The store: its format, arrays read and written, labels, and Graph."""
