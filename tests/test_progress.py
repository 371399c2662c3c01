"""Progress counts finished blocks, on whichever scheduler computes them."""

import contextvars
import io
import sys
import types
from importlib.machinery import ModuleSpec

import dask.array as da
import numpy as np
import pytest
import tqdm

from graphwalk.scheduler.executors import progress
from graphwalk.scheduler.executors.progress import BlockProgress, block_progress, counting

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
