"""Training on walks: corpora, skip-gram pairs, PyTorch datasets, and gensim."""
