"""Objects of xarray, and stores that it opens; run by `make test-torch`."""

import pytest

import graphwalk
from graphwalk.errors import InputError

xarray = pytest.importorskip("xarray")

FRIENDS = [("Ada", "Grace"), ("Ada", "Alan")]


def test_types_are_those_of_the_coordinates():
    types = xarray.DataArray(
        ["c", "a", "b"], coords={"node": ["Grace", "Ada", "Alan"]}, dims="node"
    )
    graph = graphwalk.set_node_types(graphwalk.build_zarr(FRIENDS), types)
    assert graph.node_types.tolist() == ["a", "b", "c"]


def test_edges_in_a_data_set_are_refused():
    links = xarray.Dataset({"source": ("edge", [1, 2]), "target": ("edge", [2, 3])})
    with pytest.raises(InputError, match=r"\.to_dataframe\(\)"):
        graphwalk.build_zarr(links)


def test_a_store_is_opened_with_its_dimensions(tmp_path):
    edges = [(*pair, weight) for pair, weight in zip(FRIENDS, [1.0, 2.0], strict=True)]
    graph = graphwalk.build_zarr(edges, tmp_path / "g.zarr")
    graphwalk.set_node_types(graph, ["a", "b", "c"])
    found = xarray.open_zarr(tmp_path / "g.zarr", consolidated=False, mask_and_scale=False)
    assert found.sizes["entry"] == graph.num_entries
    assert found["neighbors"].dims == found["weights"].dims == ("entry",)
    assert found["offsets"].dims == found["label_offsets"].dims == ("bound",)
    assert found["node_types"].dims == ("node",)
    assert found["weights"].values.tolist() == graph.read_weights(0, graph.num_entries).tolist()
