"""Vectors from walks: corpora, skip-gram pairs, PyTorch data sets, and gensim."""
