"""What is computed on graphs: random walks, and writing them."""
