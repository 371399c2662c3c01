"""Objects of xarray, and stores that it opens; run by `make test-torch`."""

import numpy as np
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


@pytest.mark.parametrize("return_edges", [False, True])
def test_walks_are_opened_with_their_coordinates(tmp_path, return_edges):
    graph = graphwalk.build_zarr([(0, 1), (1, 2), (2, 3)], directed=True)
    how = {"num_walks": 2, "walk_length": 3, "seed": 1, "chunks": 3, "return_edges": return_edges}
    found = graphwalk.random_walks(graph, [2, 0], **how)
    walks, edges = found if return_edges else (found, None)
    path = graphwalk.write_walks(walks, tmp_path / "w.zarr", edges=edges, coordinates=True)
    with xarray.open_zarr(path, consolidated=False) as opened:
        assert set(opened.data_vars) == {"walks", *(["edges"] if return_edges else [])}
        assert opened["walks"].dims == ("walk", "position")
        assert opened["walks"].dtype == walks.dtype
        assert opened["start"].values.tolist() == [2, 2, 0, 0]
        assert opened["walk"].values.tolist() == [0, 1, 2, 3]
        assert opened["position"].values.tolist() == [0, 1, 2, 3]
        np.testing.assert_array_equal(opened["walks"].values, walks.compute())
        from_0 = opened["walks"][(opened["start"] == 0).compute()]
        assert from_0.values.tolist() == [[0, 1, 2, 3]] * 2
        if return_edges:
            assert opened["edges"].dims == ("walk", "step")
            assert opened["step"].values.tolist() == [1, 2, 3]
            assert opened["edges"].sel(walk=2, step=2).compute().item() == 1
