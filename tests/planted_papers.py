"""Graphs made up here, in files like those of the papers that examples classify."""

import pickle
from collections import defaultdict

import numpy as np

CLASSES, KNOWN = 3, 30
NODES, TEST = 240, 100
WORDS = 12


def write_data(folder, within, between):
    """Write a planted partition graph whose last nodes are the test nodes, out of order."""
    rng = np.random.default_rng(5)
    classes = np.arange(NODES) % CLASSES
    chance = np.where(classes[:, None] == classes, within, between)
    rows, columns = np.nonzero(np.triu(rng.random((NODES, NODES)) < chance, 1))
    graph = defaultdict(list)
    for node in range(NODES):
        other = [*columns[rows == node].tolist(), *rows[columns == node].tolist()]
        graph[node] = other or [node]
    test = rng.permutation(np.arange(NODES - TEST, NODES))
    one_hot = np.eye(CLASSES, dtype=np.int32)[classes]
    files = {"y": one_hot[:KNOWN], "ally": one_hot[:-TEST], "ty": one_hot[test], "graph": graph}
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / f"ind.cora.{name}").write_bytes(pickle.dumps(content, protocol=2))
    (folder / "ind.cora.test.index").write_text("".join(f"{node}\n" for node in test))
    return test, classes


def write_words(folder, telling):
    """Write words of the same papers; a part of them is told by the class, and others by chance."""
    from scipy.sparse import csr_matrix

    rng = np.random.default_rng(6)
    classes = np.arange(NODES) % CLASSES
    own = np.arange(WORDS) % CLASSES == classes[:, None]
    words = (rng.random((NODES, WORDS)) < np.where(own, telling, 0.3)).astype(np.float32)
    test = np.loadtxt(folder / "ind.cora.test.index", dtype=np.int64)
    for name, nodes in (("allx", np.arange(NODES - TEST)), ("tx", test)):
        rows = pickle.dumps(csr_matrix(words[nodes]), protocol=2)
        (folder / f"ind.cora.{name}").write_bytes(rows)
    return words
