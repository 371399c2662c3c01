"""Plans of walks, and walks in memory and out of core, whatever executes them."""
