"""Edges in every form that can be given, behind one interface."""
