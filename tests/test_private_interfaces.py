"""What graphwalk relies on that its dependencies do not promise: docs/design.md lists it.

Each row of the table there has a test here. It fails with the row: the interface, the modules that
use it, and what happens without it.
"""

import os
import re
import subprocess
import sys
import types
from contextlib import contextmanager
from importlib import import_module
from multiprocessing.pool import ThreadPool
from pathlib import Path

import dask
import dask.array as da
import numpy as np
import pytest

ROOT = Path(__file__).parents[1]

#: Tests by the name of the interface, filled below.
TESTED = {}


def rows():
    """Return the table: what, where, why and the consequence, by what."""
    page = (ROOT / "docs" / "design.md").read_text()
    section = page.split("\n## Private interfaces\n")[1].split("\n## ")[0]
    cells = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("|")]
    return {cell[0]: cell for cell in cells[2:]}


def relies_on(name):
    """Make a test of an interface fail with its row of the table."""

    def decorate(test):
        assert name not in TESTED
        TESTED[name] = test
        return _explaining(name)(test)

    return decorate


@contextmanager
def _explaining(name):
    __tracebackhide__ = True
    try:
        yield
    except (Exception, pytest.fail.Exception) as error:
        _, where, why, without = rows()[name]
        pytest.fail(
            f"{name} is not as graphwalk relies on it ({type(error).__name__}: {error}).\n"
            f"Used in {where}: {why}.\nWithout it: {without}."
        )


def test_each_row_has_a_test_and_names_modules_that_there_are():
    assert rows().keys() == TESTED.keys()
    for _, where, why, without in rows().values():
        paths = re.findall(r"`([\w/]+\.py)`", where)
        assert paths
        assert why
        assert without
        for path in paths:
            assert (ROOT / "graphwalk" / path).is_file(), path


def test_a_failure_names_the_interface_the_module_and_the_consequence():
    what, where, _, without = next(iter(rows().values()))
    with pytest.raises(pytest.fail.Exception) as failure, _explaining(what):
        raise AttributeError("gone")
    for part in (what, where, without, "AttributeError: gone"):
        assert part in str(failure.value)


@relies_on("`dask.task_spec`: `Task`, `TaskRef`, `List`, `GraphNode`")
def test_tasks_of_dask():
    from dask.task_spec import GraphNode, List, Task, TaskRef

    from graphwalk.util.driver_task import _resolved as resolved

    task = Task("sum", max, TaskRef("a"), List(TaskRef("b"), TaskRef("c")))
    assert (task.key, task.func, task.dependencies) == ("sum", max, {"a", "b", "c"})
    reference, nested = task.args
    assert isinstance(nested, GraphNode)
    assert resolved(reference, {"a": 3}) == 3
    assert resolved(nested, {"b": 1, "c": 2}) == [1, 2]
    assert task({"a": [1], "b": 1, "c": 2}) == [1, 2]


@relies_on("`Task.block_fusion`")
def test_tasks_that_are_not_fused():
    from dask.task_spec import Task, TaskRef

    from graphwalk.util.driver_task import DriverTask

    assert hasattr(Task, "block_fusion")
    graph = {"a": Task("a", abs, -1), "b": DriverTask("b", abs, TaskRef("a"))}
    assert set(da.Array.__dask_optimize__(graph, ["b"])) == {"a", "b"}


@relies_on("`dask.highlevelgraph.Layer`: `cull`, `get_output_keys`, `is_materialized`")
def test_layers_that_make_their_tasks_when_they_are_culled():
    from dask.highlevelgraph import HighLevelGraph, Layer
    from dask.task_spec import Task

    class Late(Layer):
        def __init__(self, blocks):
            super().__init__()
            self.blocks = blocks

        def __getitem__(self, key):
            return Task(key, np.full, (1, 1), key[1])

        def __iter__(self):
            return iter([("x", block, 0) for block in self.blocks])

        def __len__(self):
            return len(self.blocks)

        def is_materialized(self):
            return False

        def get_output_keys(self):
            return set(self)

        def cull(self, keys, _all_keys):
            layer = Late([key[1] for key in self if key in keys])
            return layer, {key: set() for key in layer}

    graph = HighLevelGraph({"x": Late(range(9))}, {"x": set()})
    array = da.Array(graph, "x", ((1,) * 9, (1,)), int)
    assert set(graph.cull({("x", 3, 0)}).to_dict()) == {("x", 3, 0)}
    assert array[4:6].compute(scheduler="sync").ravel().tolist() == [4, 5]


@relies_on("subclasses of `dask.array.Array`, made in `__new__`")
def test_subclasses_of_arrays():
    class Named(da.Array):
        def __new__(cls, array):
            return super().__new__(cls, array.dask, array.name, array.chunks, meta=array)

    array = Named(da.arange(3, chunks=1))
    assert type(array) is Named
    assert array.compute(scheduler="sync").tolist() == [0, 1, 2]


@relies_on("names of layers, and `Blockwise.indices`")
def test_names_of_layers():
    array = da.ones((12, 2), chunks=2)
    mask = array[array[:, 0] > 3]
    for made, name in (
        (array[2:], "getitem"),
        (array.blocks[1:], "blocks"),
        (array.rechunk(3), "rechunk-merge"),
        (da.concatenate([array, array]), "concatenate"),
        (mask, "getitem_variadic"),
    ):
        assert made.name.rpartition("-")[0] == name
    assert mask.dask.layers[mask.name].indices[0][0] == array.name


@relies_on("`dask.base.get_scheduler`")
def test_the_scheduler_that_dask_would_use():
    from dask.base import get_scheduler

    array = da.arange(3)
    assert get_scheduler(collections=[array]) is dask.threaded.get
    assert get_scheduler(scheduler="sync", collections=[array]) is dask.local.get_sync
    with dask.config.set(scheduler=max):
        assert get_scheduler(collections=[array]) is max


@relies_on("`dask.base.compute_as_if_collection`")
def test_computing_a_graph_as_an_array_is():
    from dask.base import compute_as_if_collection
    from dask.task_spec import Task, TaskRef

    seen = {}

    def get(graph, keys, **kwargs):
        seen.update(kwargs)
        return dask.local.get_sync(graph, keys)

    graph = {"a": Task("a", abs, -1), "b": Task("b", abs, TaskRef("a"))}
    with dask.config.set(scheduler=get):
        assert compute_as_if_collection(da.Array, graph, ["b"], ray_persist=True) == (1,)
    assert seen == {"ray_persist": True}


@pytest.fixture(scope="module")
def session(shared_ray):
    from graphwalk import scheduler

    with scheduler.use("ray") as session:
        yield session


@pytest.mark.ray
@relies_on("`ray.util.dask.ray_dask_get`: `ray_persist`, `ray_callbacks`, `pool`")
def test_references_in_place_of_results_of_ray(session):
    import ray
    from dask.task_spec import Task
    from ray.util.dask import ray_dask_get

    with ThreadPool(2) as pool:
        [reference] = ray_dask_get(
            {"a": Task("a", abs, -1)}, ["a"], ray_persist=True, ray_callbacks=[], pool=pool
        )
    assert isinstance(reference, ray.ObjectRef)
    assert ray.get(reference) == 1


@pytest.mark.ray
@relies_on("`ray.util.dask.callbacks.RayCallback`, `RayDaskCallback.ray_active`")
def test_tasks_of_ray_that_are_swapped_when_they_are_submitted(session):
    from dask.task_spec import Task, TaskRef
    from ray.util.dask import RayDaskCallback, ray_dask_get
    from ray.util.dask.callbacks import RayCallback

    def presubmit(task, key, deps):
        assert isinstance(task, Task)
        return (task.func, key, deps)

    assert len(RayDaskCallback.ray_active) == 0
    hooks = dict.fromkeys(RayCallback._fields) | {"ray_presubmit": presubmit}
    assert "ray_postsubmit" in hooks
    graph = {"a": Task("a", abs, -1), "b": Task("b", abs, TaskRef("a"))}
    [found] = ray_dask_get(graph, ["b"], ray_persist=True, ray_callbacks=[RayCallback(**hooks)])
    assert found == (abs, "b", {"a": (abs, "a", {})})


@pytest.mark.ray
@relies_on("`ray.timeline()`: `cat`, `ts`, `dur`, `pid`, `tid`")
def test_what_ray_notes_of_tasks(session):
    import ray

    @ray.remote
    def note():
        return 1

    assert ray.get(note.options(name="advance x").remote()) == 1
    # Workers pass their notes on once a second or so; asking again waits for that long.
    kinds = set()
    for _ in range(10):
        kinds |= {event.kind for event in session.executor.tasks_since(0.0)}
        if "advance" in kinds:
            break
    assert "advance" in kinds


@relies_on("`ray.exceptions`: errors known by name")
def test_errors_of_ray():
    ray_errors = pytest.importorskip("ray.exceptions")
    from graphwalk.scheduler.executors.ray.errors import _KNOWN

    for name in _KNOWN:
        assert issubclass(getattr(ray_errors, name), ray_errors.RayError), name


def _ray_programs_say(word):
    """Return whether Ray's programs contain a word, in small or capital letters."""
    folder = Path(import_module("ray").__file__).parent
    programs = folder / "core" / "src" / "ray"
    files = [programs / "gcs" / "gcs_server", programs / "raylet" / "raylet"]
    words = word.lower().encode(), word.upper().encode()
    return any(word in file.read_bytes() for file in files for word in words)


@relies_on("`_generator_backpressure_num_objects` of Ray's tasks")
def test_tasks_of_ray_wait_until_what_they_yield_is_taken():
    options = pytest.importorskip("ray._common.ray_option_utils")
    assert "_generator_backpressure_num_objects" in options.task_options


@relies_on("`RAY_IGNORE_UNHANDLED_ERRORS`")
def test_ray_can_keep_silent_about_errors_that_nothing_asks_for():
    worker = pytest.importorskip("ray._private.worker")
    assert "RAY_IGNORE_UNHANDLED_ERRORS" in Path(worker.__file__).read_text()


@relies_on("`ray._private.utils.set_sigterm_handler`")
def test_ray_sets_its_handler_of_a_signal_by_a_function():
    worker = pytest.importorskip("ray._private.worker")
    assert "ray._private.utils.set_sigterm_handler(" in Path(worker.__file__).read_text()


@relies_on(
    '`Worker.handlers`, `Worker.rpc`, `distributed.utils.sync`, `Scheduler.handlers["ncores"]`'
)
def test_a_worker_answers_requests_of_others():
    distributed = pytest.importorskip("distributed")
    from distributed.utils import sync
    from distributed.worker import Worker

    assert callable(sync)
    assert issubclass(Worker, distributed.core.Server)
    server = distributed.core.Server({})
    server.handlers["echo"] = max
    assert callable(server.rpc)
    assert '"ncores": self.get_ncores' in Path(distributed.scheduler.__file__).read_text()


@relies_on("`RAY_AUTH_MODE`, `RAY_AUTH_TOKEN`")
def test_ray_knows_of_tokens():
    pytest.importorskip("ray")
    assert _ray_programs_say("RAY_AUTH_TOKEN"), "this Ray would ignore the token"
    assert _ray_programs_say("auth_mode"), "this Ray would ignore the mode"


@relies_on("`ray._raylet.Config`, `AuthenticationTokenLoader`")
def test_ray_looks_for_tokens_again():
    raylet = pytest.importorskip("ray._raylet")
    assert callable(raylet.Config.initialize)
    assert callable(raylet.AuthenticationTokenLoader.instance().reset_cache)


@relies_on("`RAY_health_check_…_ms`")
def test_ray_knows_of_settings_of_health_checks():
    pytest.importorskip("ray")
    from graphwalk.scheduler.slurm.ray_cluster import _HEALTH

    for name in _HEALTH:
        assert _ray_programs_say(name.removeprefix("RAY_")), name


@relies_on("`zarr.Array.metadata.to_dict`")
def test_what_zarr_says_of_an_array(tmp_path):
    import json

    from zarr.storage import LocalStore

    from graphwalk.storage.store.chunk_files import array_document, chunk_files
    from graphwalk.storage.store.group import create_array, create_group

    group = create_group(LocalStore(tmp_path / "store"))
    create_array(group, "neighbors", np.int32, 5, 4)
    array = group["neighbors"]
    document = json.loads((tmp_path / "store" / "neighbors" / "zarr.json").read_text())
    found = array_document(array)
    for name in ("codecs", "chunk_key_encoding"):
        assert json.loads(json.dumps(found[name])) == document[name]
    assert [codec["name"] for codec in document["codecs"]] == ["bytes", "blosc", "crc32c"]
    assert chunk_files(array), "chunks of a new store would be read through Zarr"


@relies_on("`zarr.AsyncArray(metadata, StorePath, config)`")
def test_writing_chunks_of_an_array_that_is_not_there_yet(tmp_path):
    import zarr
    from zarr.storage import LocalStore, MemoryStore, StorePath

    metadata = zarr.create_array(
        MemoryStore(), shape=(4, 1), chunks=(2, 1), dtype=np.int32, fill_value=-1
    ).metadata
    store = StorePath(LocalStore(tmp_path))
    array = zarr.Array(zarr.AsyncArray(metadata, store, {"write_empty_chunks": True}))
    array[2:4] = np.full((2, 1), -1)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["0"]
    assert (tmp_path / "c" / "1" / "0").is_file()


@relies_on("`LocalStore.root`, `FsspecStore.fs`, `FsspecStore.path`")
def test_where_a_store_lies(tmp_path):
    from zarr.storage import FsspecStore, LocalStore

    assert Path(LocalStore(tmp_path).root) == tmp_path
    store = FsspecStore.from_url("memory://some/where", read_only=True)
    assert store.fs.unstrip_protocol(store.path).startswith("memory://")
    assert store.path.endswith("some/where")


@relies_on("what `zarr.open_group` raises")
def test_errors_of_zarr(tmp_path):
    import zarr
    from zarr.storage import LocalStore

    def kind_of_error(folder):
        with pytest.raises(Exception) as caught:  # noqa: PT011 — which one is what is asked
            zarr.open_group(LocalStore(folder, read_only=True), mode="r", zarr_format=3)
        return caught.type

    zarr.create_array(str(tmp_path / "array"), shape=(1,), dtype=np.int32)
    assert issubclass(kind_of_error(tmp_path / "array"), ValueError)
    assert issubclass(kind_of_error(tmp_path / "nothing"), FileNotFoundError)


@relies_on("`Dispatcher._cache._cache_file._source_stamp`")
def test_kernels_are_stamped_with_all_sources():
    from graphwalk.kernels.jit import sources_stamp, stamp_cache
    from graphwalk.kernels.rng import walker_key

    assert walker_key._cache._cache_file._source_stamp == sources_stamp(walker_key.__module__)
    assert stamp_cache(walker_key, sources_stamp(walker_key.__module__))
    assert sources_stamp(walker_key.__module__) in walker_key._cache._cache_file._version


def test_a_cache_that_cannot_be_stamped_is_not_used(monkeypatch):
    from graphwalk.kernels import jit

    assert not jit.stamp_cache(object(), "stamp")
    monkeypatch.setattr(jit, "stamp_cache", lambda *_: False)
    kernel = jit.jit(_doubled)
    assert kernel(2) == 4
    assert kernel.stats.cache_path is None


def python(arguments, script):
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", script, *arguments], check=True, env=environment)


def _doubled(number):
    return 2 * number


@relies_on("`Dispatcher._cache`: `load_overload`, `_load_overload`; `rtsys.initialize`")
def test_kernels_are_loaded_without_what_compiling_needs():
    from graphwalk.kernels import jit

    assert jit.load_alone(jit.jit(_doubled))
    assert not jit.load_alone(types.SimpleNamespace(_cache=None))
    script = """
from numba.core.base import BaseContext
import numpy as np
from graphwalk.kernels.rows.row_starts import fill_row_starts
if sys.argv[1:]:
    BaseContext.refresh = None
starts = np.empty(3, np.uint32)
assert fill_row_starts(np.array([4, 4, 9]), starts)
assert starts.tolist() == [0, 0, 5]
"""
    for arguments in ([], ["cached"]):
        python([*arguments], "import sys" + script)


@relies_on("`njit(_nrt=False)`")
def test_parts_of_kernels_count_no_references():
    import numba

    for options, counts in (({}, True), ({"_nrt": False}, False)):
        part = numba.njit(**options)(_total)
        assert part(np.ones(3)) == 3
        assert ("NRT_decref" in part.inspect_llvm(part.signatures[0])) == counts


def _total(values):
    total = 0.0
    for value in values:
        total += value
    return total


@relies_on("`context.make_array` in an `@intrinsic`; LLVM's `llvm.prefetch.p0`")
def test_prefetching():
    import numba

    from graphwalk.kernels.jit import prefetch

    @numba.njit
    def fetch(array):
        prefetch(array, 1)
        return array[0]

    assert fetch(np.array([5, 6])) == 5
    [llvm] = fetch.inspect_llvm().values()
    assert "call void @llvm.prefetch.p0" in llvm


@relies_on("a Blosc frame's header and table")
def test_blocks_of_a_blosc_frame():
    from numcodecs import Blosc

    from graphwalk.storage.store.blosc_frame import HEADER, cut_run, find_run, read_head

    values = np.arange(10_000, dtype=np.int32)
    buffer = np.frombuffer(Blosc(cname="lz4", blocksize=1 << 12).encode(values), np.uint8).copy()
    head = read_head(buffer[:HEADER])
    assert head is not None
    assert (head.decoded, head.stored) == (values.nbytes, len(buffer))
    run = find_run(head, buffer[HEADER : HEADER + head.table], 8192, 12_000)
    assert run is not None
    found = np.empty(run.stop - run.first, np.uint8)
    Blosc().decode(cut_run(buffer, run), found)
    np.testing.assert_array_equal(found, values.view(np.uint8)[run.first : run.stop])


@relies_on("`google_crc32c`: arrays in place of bytes, computed in C")
def test_checksums_of_arrays():
    import google_crc32c

    values = np.arange(1000, dtype=np.uint8)
    assert google_crc32c.value(values) == google_crc32c.value(values.tobytes())
    assert google_crc32c.extend(google_crc32c.value(values[:9]), values[9:]) == (
        google_crc32c.value(values)
    )
    assert google_crc32c.implementation == "c"


@pytest.mark.skipif(sys.platform != "linux", reason="other C libraries do without")
@relies_on("`malloc_trim`, `mallopt` of the C library")
def test_the_c_library_returns_memory():
    import ctypes

    library = ctypes.CDLL(None)
    assert library.malloc_trim(0) in (0, 1)
    assert library.mallopt  # not called: it holds for the whole process
