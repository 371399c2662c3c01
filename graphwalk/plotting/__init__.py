"""Pictures of graphs, walks, plans and runs, by Matplotlib."""
