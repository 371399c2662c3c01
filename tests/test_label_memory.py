"""Labels of nodes take no more memory than the plan says, whatever is done with them."""

import memory_labels
import pytest

import graphwalk

MIB = 1 << 20

#: Nodes, bytes of a label, steps of a walk, and whether there are hubs: the names along all walks
#: are 200 MB if they are long, and 100 MB if they are short.
GRAPHS = {
    "long": (60_000, 900, 3, False),
    "long, hubs": (60_000, 900, 3, True),
    "short": (400_000, 24, 10, False),
    "short, hubs": (400_000, 24, 10, True),
}
QUICK = [("long", ".txt"), ("short, hubs", ".parquet")]
OUTPUTS = [".parquet", ".txt", ".txt.gz", ".npy", ".zarr"]


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    folder, built = tmp_path_factory.mktemp("labelled"), {}

    def store(name):
        if name not in built:
            nodes, size, _, hubs = GRAPHS[name]
            built[name] = folder / f"{name}.zarr"
            edges = memory_labels.edges(nodes, size, hubs=hubs)
            graphwalk.build_zarr(edges, built[name], progress=False)
        return built[name]

    return store


def check(report):
    assert "error" not in report, report["error"]
    assert report["measured"] <= 1.1 * report["projected"] + 50 * 10**6, report


@pytest.mark.parametrize(("graph", "suffix"), QUICK)
def test_walks_by_name(stores, tmp_path, graph, suffix):
    length = GRAPHS[graph][2]
    check(memory_labels.write(stores(graph), tmp_path / f"walks{suffix}", 64 * MIB, length))


@pytest.mark.slow
@pytest.mark.parametrize("before", [False, True], ids=["alone", "after another job"])
@pytest.mark.parametrize("memory", [64 * MIB, 1024 * MIB])
@pytest.mark.parametrize("suffix", OUTPUTS)
@pytest.mark.parametrize("graph", GRAPHS)
def test_walks_by_name_in_all_forms(stores, tmp_path, graph, suffix, memory, before):
    out = tmp_path / f"walks{suffix}"
    check(memory_labels.write(stores(graph), out, memory, GRAPHS[graph][2], before))
