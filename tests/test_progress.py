"""Progress counts finished blocks, on whichever scheduler computes them."""

import contextvars
import gc
import io
import re
import sys
import threading
import types
from contextlib import nullcontext
from importlib.machinery import ModuleSpec

import dask.array as da
import numba
import numpy as np
import pytest
import tqdm
from numba.core import event

import graphwalk
from graphwalk.algorithms.training.training_progress import WordsRead
from graphwalk.cli.text import Stopwatch
from graphwalk.kernels.pause_gc import PauseGarbageCollection
from graphwalk.scheduler.executors import progress
from graphwalk.scheduler.executors.progress import (
    BlockProgress,
    block_progress,
    counting,
    scan_progress,
)
from graphwalk.util.compile_clock import CLOCK, CompileClock
from graphwalk.util.progress_bar import Progress

SHOWN_AT_THE_END = "12.0/12.0"


def blocks(n=4, rows=3):
    return da.zeros((n * rows, 2), chunks=(rows, 2), dtype=np.int32) + 1


def amounts(array):
    return {(array.name, i, 0): rows for i, rows in enumerate(array.chunks[0])}


def test_each_block_counts_once_when_it_has_finished():
    array, advances = blocks(), []
    with counting(BlockProgress(advances.append, amounts(array))):
        array.compute(scheduler="threads")
        array.compute(scheduler="synchronous")
    assert advances == [3, 3, 3, 3]


def test_blocks_of_other_arrays_do_not_count():
    array, advances = blocks(), []
    with counting(BlockProgress(advances.append, amounts(array))):
        (blocks() + 1).compute()
    assert advances == []


def test_nothing_counts_after_the_block():
    array, advances = blocks(), []
    with counting(BlockProgress(advances.append, amounts(array))):
        pass
    array.compute()
    progress.finished((array.name, 0, 0))
    assert advances == []


def test_a_scheduler_of_our_own_reports_by_the_key():
    array, advances = blocks(2), []
    with counting(BlockProgress(advances.append, amounts(array))):
        progress.finished((array.name, 1, 0))
        progress.finished((array.name, 1, 0))
        progress.finished("another key")
    assert advances == [3]


def test_progress_within_progress_counts_in_both():
    array, inner, outer = blocks(), [], []
    with counting(BlockProgress(outer.append, amounts(array))):  # noqa: SIM117
        with counting(BlockProgress(inner.append, amounts(array))):
            array.compute()
    assert inner == outer == [3, 3, 3, 3]


def test_another_context_is_not_told():
    array, advances = blocks(), []
    with counting(BlockProgress(advances.append, amounts(array))):
        contextvars.Context().run(progress.finished, (array.name, 0, 0))
    assert advances == []


def test_a_task_that_was_only_submitted_has_not_finished(monkeypatch):
    class ObjectRef:
        pass

    monkeypatch.setitem(sys.modules, "ray", types.SimpleNamespace(ObjectRef=ObjectRef))
    array, advances = blocks(), []
    with counting(BlockProgress(advances.append, amounts(array))):
        progress._task_finished((array.name, 0, 0), ObjectRef(), {}, {}, None)
        assert advances == []
        progress._task_finished((array.name, 0, 0), np.ones(3), {}, {}, None)
    assert advances == [3]


def test_a_bar_says_what_is_done_on_standard_error_when_asked(capsys):
    array = blocks()
    with block_progress("Walking", amounts(array), "walks", show=True):
        array.compute()
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "Walking: 100%" in shown.err
    assert SHOWN_AT_THE_END in shown.err


@pytest.mark.parametrize("show", [None, False])
def test_no_bar_without_a_terminal(show, capsys):
    array = blocks()
    with block_progress("Walking", amounts(array), "walks", show=show):
        array.compute()
    assert capsys.readouterr().err == ""


def test_a_terminal_has_a_bar_unless_told_otherwise(capsys, monkeypatch):
    array = blocks()
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with block_progress("Walking", amounts(array), "walks"):
        array.compute()
    assert SHOWN_AT_THE_END in capsys.readouterr().err


class FakeOutStream(io.StringIO):
    """What stands for stderr in the kernel of a notebook; no terminal."""


def go_to_notebook(monkeypatch):
    """Return what takes the place of stderr for the rest of a test."""
    streams = types.SimpleNamespace(OutStream=FakeOutStream)
    monkeypatch.setitem(sys.modules, "ipykernel.iostream", streams)
    monkeypatch.setattr(sys, "stderr", FakeOutStream())
    return sys.stderr


def test_a_notebook_without_widgets_has_a_line_of_text(monkeypatch, recwarn):
    notebook = go_to_notebook(monkeypatch)
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    array = blocks()
    with block_progress("Walking", amounts(array), "walks"):
        array.compute()
    assert SHOWN_AT_THE_END in notebook.getvalue()
    assert not recwarn.list


def test_a_notebook_with_widgets_has_one(monkeypatch):
    go_to_notebook(monkeypatch)
    made = []

    class Widget(tqdm.tqdm):
        def __init__(self, **options):
            made.append(options["desc"])
            super().__init__(**options)

    widgets = types.ModuleType("ipywidgets")
    widgets.__spec__ = ModuleSpec("ipywidgets", None)
    monkeypatch.setitem(sys.modules, "ipywidgets", widgets)
    monkeypatch.setitem(sys.modules, "tqdm.notebook", types.SimpleNamespace(tqdm=Widget))
    array = blocks()
    with block_progress("Walking", amounts(array), "walks"):
        array.compute()
    assert made == ["Walking"]


def test_a_notebook_has_no_bar_when_told_so_or_when_stderr_goes_elsewhere(monkeypatch):
    notebook = go_to_notebook(monkeypatch)
    array, elsewhere = blocks(), io.StringIO()
    with block_progress("Walking", amounts(array), "walks", show=False):
        array.compute()
    monkeypatch.setattr(sys, "stderr", elsewhere)
    with block_progress("Walking", amounts(array), "walks"):
        array.compute()
    assert notebook.getvalue() == elsewhere.getvalue() == ""


def test_an_error_ends_the_counting():
    array, advances = blocks(), []
    with (
        pytest.raises(ZeroDivisionError),
        counting(BlockProgress(advances.append, amounts(array))),
    ):
        raise ZeroDivisionError
    array.compute()
    assert advances == []


class Awaited(io.StringIO):
    """Waits for texts that another thread writes."""

    def __init__(self):
        super().__init__()
        self._written = threading.Condition()

    def write(self, text):
        with self._written:
            self._written.notify_all()
            return super().write(text)

    def has(self, text):
        """Return whether a text is written from now on, in a minute."""
        with self._written:
            before = len(self.getvalue())
            return self._written.wait_for(lambda: text in self.getvalue()[before:], 60)


@pytest.fixture
def compiling():
    """Return the clock of this process, which is set back at the end of the test."""
    before = CLOCK.seconds
    yield CLOCK
    CLOCK._depth, CLOCK._total = 0, before


def test_the_clock_of_a_bar_runs_while_nothing_moves(monkeypatch):
    shown = Awaited()
    monkeypatch.setattr(sys, "stderr", shown)
    with Progress(True, period=0.01).bar("Walking", 12, "steps"):
        assert shown.has("Walking:   0%")
        assert shown.has("Walking:   0%")


def test_a_bar_says_that_kernels_are_compiled_and_leaves_out_the_time(monkeypatch, compiling):
    shown = Awaited()
    monkeypatch.setattr(sys, "stderr", shown)
    with Progress(True, period=0.01).bar("Walking", 12, "steps") as bar:
        started = bar.start_t
        compiling.on_start(None)
        assert shown.has("Compiling (once):   0%")
        compiling._started -= 3600
        compiling.on_end(None)
        assert shown.has("Walking:   0%")
        bar.update(12)
    assert bar.start_t >= started + 3600
    assert bar.desc == "Walking"


def test_a_bar_that_fails_while_it_is_drawn_stops_nothing(monkeypatch):
    warned = threading.Event()
    monkeypatch.setattr("graphwalk.util.progress_bar.warn_of_listener", lambda _: warned.set())
    with Progress(True, period=0.01).bar("Walking", 12, "steps") as bar:
        monkeypatch.setattr(bar, "refresh", lambda: 1 / 0)
        assert warned.wait(60)


def test_compiling_a_kernel_counts_once_whatever_it_compiles_itself():
    @numba.njit
    def inner(value):
        return value + 1

    @numba.njit
    def outer(value):
        return inner(value) + 1

    before = CLOCK.seconds
    assert outer(1) == 3
    took = CLOCK.seconds - before
    assert took > 0
    assert not CLOCK.running
    outer(2)
    assert CLOCK.seconds == before + took


@pytest.mark.parametrize("threshold", [700, 0])
@pytest.mark.parametrize("fails", [True, False])
def test_garbage_is_not_collected_while_kernels_are_compiled(threshold, fails):
    seen = []

    @numba.njit
    def inner(value):
        return value + (undefined if fails else 1)  # noqa: F821

    @numba.njit
    def outer(value):
        return inner(value) + 1

    class Look(event.Listener):
        def on_start(self, _event):
            seen.append(gc.get_threshold()[0])
            assert gc.isenabled(), "Dask, imported now, would disable it for ever"

        def on_end(self, _event):
            pass

    before = gc.get_threshold()
    gc.set_threshold(threshold)
    try:
        with (
            event.install_listener("numba:compile", Look()),
            pytest.raises(numba.TypingError) if fails else nullcontext(),
        ):
            outer(1)
        assert (seen, gc.get_threshold()[0]) == ([0, 0], threshold)
    finally:
        gc.set_threshold(*before)


def test_a_process_forked_while_a_kernel_is_compiled_collects_garbage():
    before, pause = gc.get_threshold(), PauseGarbageCollection()
    pause.on_start(None)
    assert gc.get_threshold()[0] == 0 < before[0]
    pause.resume()
    assert gc.get_threshold() == before
    pause.on_end(None)
    pause.on_start(None)
    assert gc.get_threshold()[0] == 0
    pause.on_end(None)
    assert gc.get_threshold() == before


def test_a_clock_that_is_made_while_a_kernel_is_compiled_misses_it():
    clock = CompileClock()
    clock.on_end(None)
    assert (clock.running, clock.seconds) == (False, 0)


def test_a_stopwatch_leaves_compiling_out_of_rates(compiling):
    watch = Stopwatch()
    watch._start -= 12
    compiling._total += 10
    watch.stop()
    assert re.fullmatch(r"in 10\.0 s of compiling, once, and [\d.]+ s", watch.took())
    assert watch.rate(200, "steps") in {f"{n} steps/s" for n in range(50, 101)}
    assert "compil" not in Stopwatch().stop().took()


def test_scans_move_a_bar(capsys):
    graph = graphwalk.build_zarr(np.arange(24).reshape(2, 12))
    with scan_progress("pagerank", True):
        graphwalk.pagerank(graph).compute()
    assert " 24.0 entries" in capsys.readouterr().err


def test_training_counts_words_by_where_threads_read(tmp_path):
    path, counted = tmp_path / "walks.txt", []
    path.write_bytes(b"1 2 3 4 5\n" * 1000)
    read = WordsRead(path, 5000, counted.append)
    with path.open("rb", buffering=0) as first, path.open("rb", buffering=0) as second:
        second.seek(5000)
        read.look()
        assert counted == [], "nothing is known of what was read before the first look"
        for thread in (first, second):
            thread.read(2000)
        read.look()
        read.look()
        assert counted == [2000], "2 words in 4 bytes, once"
        read.end_pass()
        assert counted == [2000, 3000]
        second.seek(0)
        read.look()
        first.read(1000)
        read.look()
    read.look()
    assert counted == [2000, 3000, 500], "what is closed does not count"


def test_training_moves_a_bar_of_words(capsys):
    pytest.importorskip("gensim")
    graph = graphwalk.build_zarr(np.arange(24).reshape(2, 12))
    walks = graphwalk.random_walks(graph, walk_length=4, seed=1)
    graphwalk.embed(walks, dimensions=4, epochs=3, workers=1, progress=True)
    assert "3.60k/3.60k" in capsys.readouterr().err, "24 nodes, 10 walks of 5 nodes, 3 epochs"
