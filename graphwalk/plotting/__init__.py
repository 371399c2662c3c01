"""Plots of graphs, walks, plans and runs, drawn by Matplotlib."""
