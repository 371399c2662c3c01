"""Stores in S3-compatible object storage, served by a real server on this machine."""

import pickle
import re
import runpy
import uuid
from functools import cache
from pathlib import Path

import dask
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import graphwalk
from graphwalk.errors import InputError, StoreError, StoreExistsError, StoreNotFoundError

pytest.importorskip("s3fs")
moto_server = pytest.importorskip("moto.server")

ROOT = Path(__file__).parents[1]
EDGES = np.random.default_rng(5).integers(200, size=(2, 3000))
PROFILES = pytest.mark.parametrize("compressed", [True, False])


@pytest.fixture(scope="module")
def endpoint():
    server = moto_server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(autouse=True)
def no_real_account(monkeypatch, tmp_path):
    """Whatever is in the environment, no test gets at anyone's credentials or buckets."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))


@pytest.fixture
def options(endpoint):
    return {"key": "testing", "secret": "testing", "endpoint_url": endpoint}


@pytest.fixture
def files(options):
    return file_system(**options)


@cache
def file_system(**options):
    """Return a client of the server, which takes half a second to make."""
    import s3fs

    return s3fs.S3FileSystem(**options, use_listings_cache=False, skip_instance_cache=True)


@pytest.fixture
def url(files):
    bucket = f"graphs-{uuid.uuid4()}"
    files.mkdir(bucket)
    return f"s3://{bucket}/some/graph.zarr"


@PROFILES
def test_build_open_read(url, options, compressed, tmp_path):
    built = graphwalk.build_zarr(EDGES, url, storage_options=options, compressed=compressed)
    graph = graphwalk.open_zarr(url, storage_options=options)
    local = graphwalk.build_zarr(EDGES, tmp_path / "g")
    assert (built.path, graph.path) == (url, url)
    assert graph.num_entries == local.num_entries
    for a, b in zip(graph.neighbors(range(200)), local.neighbors(range(200)), strict=True):
        assert a.tolist() == b.tolist()


def test_same_bytes_as_on_disk(url, options, files, tmp_path):
    graphwalk.build_zarr(EDGES, url, storage_options=options)
    graphwalk.build_zarr(EDGES, tmp_path / "g")
    local = {
        str(p.relative_to(tmp_path / "g")): p.read_bytes()
        for p in (tmp_path / "g").rglob("*")
        if p.is_file()
    }
    base = url.removeprefix("s3://") + "/"
    remote = {path.removeprefix(base): files.cat_file(path) for path in files.find(base)}
    assert remote == local


def test_labels(url, options):
    edges = [("ada", "bob"), ("bob", "é")]
    graphwalk.build_zarr(edges, url, storage_options=options)
    graph = graphwalk.open_zarr(url, storage_options=options)
    assert graph.labels.tolist() == ["ada", "bob", "é"]
    assert graph.index_of("é") == 2


def test_a_graph_pickles_with_its_options(url, options):
    graph = graphwalk.build_zarr(EDGES, url, storage_options=options)
    again = pickle.loads(pickle.dumps(graph))
    assert again.degrees.tolist() == graph.degrees.tolist()


def test_options_are_not_shown(url, options):
    options = {**options, "secret": "hush-hush"}
    assert "hush" not in repr(graphwalk.build_zarr(EDGES, url, storage_options=options))


def walk(store):
    return graphwalk.random_walks(store, num_walks=2, walk_length=10, seed=1).compute()


def test_walks(url, options, tmp_path):
    graph = graphwalk.build_zarr(EDGES, url, storage_options=options)
    assert np.array_equal(walk(graph), walk(graphwalk.build_zarr(EDGES, tmp_path / "g")))


@pytest.mark.ray
def test_walks_on_ray(shared_ray, url, options, tmp_path):
    graph = graphwalk.build_zarr(EDGES, url, storage_options=options)
    with graphwalk.scheduler.use("ray"):
        walks = walk(graph)
    assert np.array_equal(walks, walk(graphwalk.build_zarr(EDGES, tmp_path / "g")))


def test_overwrite(url, options, files):
    graphwalk.build_zarr(pair_weights(EDGES), url, storage_options=options)
    with pytest.raises(StoreExistsError, match="overwrite=True"):
        graphwalk.build_zarr(EDGES, url, storage_options=options)
    graphwalk.build_zarr(EDGES[:, :1], url, storage_options=options, overwrite=True)
    graph = graphwalk.open_zarr(url, storage_options=options)
    assert (graph.num_edges, graph.weighted) == (1, False)
    assert not files.exists(f"{url}/weights")


def pair_weights(edges):
    return (*edges, np.ones(edges.shape[1]))


def test_overwrite_replaces_nothing_but_graphs(url, options, files):
    files.pipe_file(f"{url}/thesis.tex", b"...")
    with pytest.raises(StoreExistsError, match="no graphwalk store"):
        graphwalk.build_zarr(EDGES, url, storage_options=options, overwrite=True)
    assert files.cat_file(f"{url}/thesis.tex") == b"..."


def test_a_build_that_was_killed(url, options):
    from graphwalk.storage.files.remote import remote_store
    from graphwalk.storage.store.group import create_group

    create_group(remote_store(url, read_only=False, storage_options=options))
    with pytest.raises(StoreError, match=r"incomplete.*overwrite=True"):
        graphwalk.open_zarr(url, storage_options=options)
    graphwalk.build_zarr(EDGES, url, storage_options=options, overwrite=True)
    assert graphwalk.open_zarr(url, storage_options=options).num_nodes == 200


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_failed_build_leaves_nothing(url, options, files, overwrite, monkeypatch):
    if overwrite:
        graphwalk.build_zarr(EDGES, url, storage_options=options)
    monkeypatch.setattr(
        "graphwalk.storage.build.pipeline.complete",
        lambda *_: (_ for _ in ()).throw(KeyboardInterrupt),
    )
    with pytest.raises(KeyboardInterrupt):
        graphwalk.build_zarr(EDGES, url, storage_options=options, overwrite=overwrite)
    assert files.find(url) == []


def test_bad_edges_leave_nothing(url, options, files):
    with pytest.raises(InputError):
        graphwalk.build_zarr(-EDGES - 1, url, storage_options=options)
    assert files.find(url) == []


@PROFILES
@pytest.mark.parametrize("array", ["offsets", "neighbors"])
def test_missing_and_damaged_chunks(url, options, files, array, compressed):
    graphwalk.build_zarr(EDGES, url, storage_options=options, compressed=compressed)
    chunk = f"{url}/{array}/c/0"
    data = files.cat_file(chunk)
    files.rm_file(chunk)
    with pytest.raises(StoreError, match=rf"array '{array}' of {url}: chunk 0 .*missing"):
        walk(graphwalk.open_zarr(url, storage_options=options))
    files.pipe_file(chunk, data[:-5] + bytes([data[-5] ^ 1]) + data[-4:])
    with pytest.raises(StoreError, match=rf"array '{array}' of {url}: chunk 0 .*damaged"):
        walk(graphwalk.open_zarr(url, storage_options=options))


# What cannot be reached


def test_nothing_there(url, options):
    with pytest.raises(StoreNotFoundError, match=url):
        graphwalk.open_zarr(url, storage_options=options)


def test_no_such_bucket(options):
    url = "s3://no-such-bucket-here/g.zarr"
    with pytest.raises(StoreNotFoundError, match=rf"{url}.*bucket"):
        graphwalk.open_zarr(url, storage_options=options)
    with pytest.raises(StoreError, match=rf"cannot write {url}: .*bucket"):
        graphwalk.build_zarr(EDGES, url, storage_options=options)


def test_no_credentials(url, endpoint, monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    options = {"endpoint_url": endpoint, "skip_instance_cache": True}
    with pytest.raises(StoreError, match=rf"cannot read {url}: .*credentials"):
        graphwalk.open_zarr(url, storage_options=options)
    with pytest.raises(StoreError, match=rf"cannot write {url}: .*credentials"):
        graphwalk.build_zarr(EDGES, url, storage_options=options)


def test_no_permission(url, options, monkeypatch):
    import s3fs

    graph = graphwalk.build_zarr(EDGES, url, storage_options=options)

    async def refuse(*args, **kwargs):
        raise PermissionError("Access Denied")

    monkeypatch.setattr(s3fs.S3FileSystem, "_call_s3", refuse)
    graph = pickle.loads(pickle.dumps(graph))
    with pytest.raises(StoreError, match=rf"cannot read {url}: Access Denied; .*credentials"):
        graph.neighbors(0)
    with pytest.raises(StoreError, match=rf"cannot write {url}: Access Denied; .*credentials"):
        graphwalk.build_zarr(EDGES, url, storage_options=options)


def test_no_server(url):
    options = {
        "key": "testing",
        "secret": "testing",
        "endpoint_url": "http://127.0.0.1:9",  # the discard port, on which nothing listens
        "config_kwargs": {"retries": {"max_attempts": 0}, "connect_timeout": 1},
    }
    with pytest.raises(StoreError, match=rf"cannot read {url}: .*endpoint_url"):
        graphwalk.open_zarr(url, storage_options=options)


def test_options_for_a_path(tmp_path):
    with pytest.raises(StoreError, match="storage_options are for URLs"):
        graphwalk.open_zarr(tmp_path / "g", storage_options={"key": "x"})
    with pytest.raises(InputError, match="storage_options are for URLs"):
        graphwalk.build_zarr(EDGES, tmp_path / "g", storage_options={"key": "x"})


def test_unknown_options(url, options):
    with pytest.raises(StoreError, match="colour"):
        graphwalk.open_zarr(url, storage_options={**options, "colour": "red"})


def test_edges_in_object_storage(url, options, files, tmp_path):
    bucket = url.removeprefix("s3://").partition("/")[0]
    lines = "".join(f"{u} {v}\n" for u, v in EDGES.T.tolist()).encode()
    files.pipe(f"{bucket}/edges/part-0.txt", lines[: lines.index(b"\n") + 1])
    files.pipe(f"{bucket}/edges/part-1.txt", lines[lines.index(b"\n") + 1 :])
    edges = f"s3://{bucket}/edges/*.txt"
    graph = graphwalk.build_zarr(edges, tmp_path / "g", storage_options=options)
    assert graph.num_entries == graphwalk.build_zarr(EDGES).num_entries
    there = graphwalk.build_zarr(edges, url, storage_options=options, memory="64 MiB")
    assert there.num_entries == graph.num_entries


# -- walks -------------------------------------------------------------------------------------


@pytest.fixture
def walks():
    return graphwalk.random_walks(
        graphwalk.build_zarr(EDGES), num_walks=2, walk_length=5, seed=3, chunks=90
    )


@pytest.mark.parametrize("name", ["walks.zarr", "walks.parquet"])
def test_walks_at_a_url_are_those_on_disk(name, url, options, files, walks, tmp_path):
    labels = [f"node {i}" for i in range(200)]
    target = f"{url}/{name}"
    given = {"labels": labels, "storage_options": options}
    assert graphwalk.write_walks(walks, target, **given) == target
    graphwalk.write_walks(walks, tmp_path / name, labels=labels)
    assert stored(files, target) == {
        str(path.relative_to(tmp_path / name)): path.read_bytes()
        for path in (tmp_path / name).rglob("*")
        if path.is_file()
    }
    assert [path.rpartition("/")[2] for path in files.ls(url)] == [name]
    with pytest.raises(StoreExistsError, match="overwrite=True"):
        graphwalk.write_walks(walks, target, **given)
    graphwalk.write_walks(walks[:10], target, overwrite=True, **given)
    assert len(stored(files, target)) == 2


def stored(files, url):
    root = url.removeprefix("s3://")
    return {path.removeprefix(f"{root}/"): files.cat_file(path) for path in files.find(root)}


@pytest.mark.parametrize("name", ["walks.zarr", "walks.parquet"])
def test_walks_at_a_url_are_resumed(name, url, options, files, walks, monkeypatch, tmp_path):
    from graphwalk.algorithms.output.resumable_job import ResumableJob

    written, write = [], ResumableJob.write
    target = f"{url}/{name}"

    def fail_later(*args):
        if len(written) == 3:
            raise ConnectionError("the network is down")
        written.append(args[2].number)
        return write(*args)

    monkeypatch.setattr(ResumableJob, "write", fail_later)
    monkeypatch.setitem(dask.config.config, "scheduler", "synchronous")
    with pytest.raises(ConnectionError):
        graphwalk.write_walks(walks, target, storage_options=options)
    assert stored(files, url) == {}
    written.clear()
    with pytest.raises(ConnectionError):
        graphwalk.write_walks(walks, target, resume=True, storage_options=options)
    assert len(stored(files, target)) == 3
    other = walks[::-1]
    with pytest.raises(InputError, match="array was"):
        graphwalk.write_walks(other, target, resume=True, storage_options=options)
    written.append(None)
    graphwalk.write_walks(walks, target, resume=True, storage_options=options)
    assert sorted(written[:3] + written[4:]) == list(range(5))
    graphwalk.write_walks(walks, tmp_path / name)
    assert len(stored(files, target)) == sum(
        path.is_file() for path in (tmp_path / name).rglob("*")
    )
    graphwalk.write_walks(walks, target, resume=True, storage_options=options)
    assert len(written) == 6 + 5


@pytest.mark.parametrize("suffix", [".parquet", ".txt"])
def test_vectors_are_written_as_to_a_path(suffix, url, options, files, walks, tmp_path):
    how = {"dimensions": 4, "workers": 1, "seed": 3}
    target = f"{url}/vectors{suffix}"
    assert graphwalk.embed(walks, target, **how, storage_options=options) == target
    local = graphwalk.embed(walks, tmp_path / f"vectors{suffix}", **how)
    assert stored(files, url) == {f"vectors{suffix}": local.read_bytes()}
    with pytest.raises(StoreExistsError, match="overwrite=True"):
        graphwalk.embed(walks, target, **how, storage_options=options)
    graphwalk.embed(walks, target, **how | {"seed": 4}, overwrite=True, storage_options=options)
    assert stored(files, url)[f"vectors{suffix}"] != local.read_bytes()
    with pytest.raises(StoreError, match=r"cannot write s3://no-such-bucket"):
        graphwalk.embed(walks, f"s3://no-such-bucket/v{suffix}", **how, storage_options=options)


def test_a_bucket_that_is_not_there(walks, options):
    with pytest.raises(StoreError, match=r"cannot write s3://no-such-bucket/walks.zarr"):
        graphwalk.write_walks(walks, "s3://no-such-bucket/walks.zarr", storage_options=options)


def test_options_of_walks_for_a_path(walks, tmp_path):
    with pytest.raises(InputError, match="storage_options are for URLs"):
        graphwalk.write_walks(walks, tmp_path / "walks.zarr", storage_options={"key": "x"})


# -- two writers -------------------------------------------------------------------------------


def edges_then(act):
    """Edges which, when the last ones are read, let something happen."""
    for number in range(200):
        if number == 150:
            act()
        yield int(EDGES[0, number]), int(EDGES[1, number])


def test_of_two_builds_at_a_url_the_second_fails(url, options, files):
    def build_too():
        # It finds the URL free when it looks, as one would that begins at the same moment.
        patch.setattr(remote, "_is_occupied", lambda *_: False)
        with pytest.raises(StoreError, match=rf"another job is writing {url}"):
            graphwalk.build_zarr(EDGES, url, storage_options=options)

    from graphwalk.storage.files import remote

    with pytest.MonkeyPatch.context() as patch:
        graphwalk.build_zarr(edges_then(build_too), url, storage_options=options)
    assert graphwalk.open_zarr(url, storage_options=options).num_entries > 0
    assert not files.exists(f"{url}/graphwalk-partial.lock")


def test_a_build_that_is_replaced_says_so_and_leaves_the_other(url, options, files):
    expected = {}

    def replace():
        graphwalk.build_zarr(EDGES, url, storage_options=options, overwrite=True)
        expected.update(stored(files, url))

    with pytest.raises(StoreExistsError, match="was replaced by another job"):
        graphwalk.build_zarr(edges_then(replace), url, storage_options=options)
    assert stored(files, url) == expected


def test_chunks_of_a_build_that_is_replaced_are_not_written(url, options, files):
    from graphwalk.storage.files.remote import new_remote_store
    from graphwalk.storage.store.group import create_array, create_group

    expected = {}

    def build(store):
        array = create_array(create_group(store), "neighbors", np.int32, 400, 100)
        graphwalk.build_zarr(EDGES, url, storage_options=options, overwrite=True)
        expected.update(stored(files, url))
        array[:] = 1

    with (
        pytest.raises(StoreExistsError, match="was replaced by another job"),
        new_remote_store(url, pytest.fail, options) as store,
    ):
        build(store)
    assert stored(files, url) == expected


@pytest.mark.parametrize("same", [True, False])
def test_walks_that_are_replaced_say_so_and_leave_the_others(url, options, files, walks, same):
    """The second job begins and ends while the first is half way."""
    target, how = f"{url}/walks.zarr", {"overwrite": True, "storage_options": options}
    halves, expected = [], {}

    def replace(block):
        halves.append(block)
        if len(halves) == walks.numblocks[0] // 2:
            graphwalk.write_walks(mapped if same else walks, target, **how)
            expected.update(stored(files, target))
        return block

    mapped = walks.map_blocks(replace, dtype=walks.dtype, meta=np.empty((0, 0), walks.dtype))
    with (
        dask.config.set(scheduler="synchronous"),
        pytest.raises(StoreError, match=r"was replaced by another job|has been cancelled"),
    ):
        graphwalk.write_walks(mapped, target, **how)
    assert expected
    assert stored(files, target) == expected


def test_unfinished_walks_at_a_url_are_not_removed_unasked(url, options, files, walks):
    from graphwalk.algorithms.output.target import WalkTarget

    target = f"{url}/walks.zarr"
    WalkTarget(target, options)._begun().folder.put("job.json", b"{}")
    before = stored(files, url)
    with pytest.raises(StoreExistsError, match=r"resume=True to continue it, or overwrite=True"):
        graphwalk.write_walks(walks, target, storage_options=options)
    assert stored(files, url) == before
    graphwalk.write_walks(walks, target, storage_options=options, overwrite=True)
    assert all("/walks.zarr/" in f"/{name}" for name in stored(files, url))


def test_the_example_counts_visits_of_a_graph_on_s3(files, options, url, capsys):
    pytest.importorskip("duckdb")
    edges = f"{url}-edges.parquet"
    with files.open(edges, "wb") as file:
        pq.write_table(pa.table({"source": ["hub"] * 9, "target": list("abcdefghi")}), file)
    example = runpy.run_path(str(ROOT / "examples" / "s3_to_duckdb.py"))
    example["main"]([edges, f"{url}-walks.parquet", "--endpoint", options["endpoint_url"]])
    assert re.search(r"hub\W+255\b", capsys.readouterr().out), "every second node of a walk"
    assert files.find(f"{url}-walks.parquet")
