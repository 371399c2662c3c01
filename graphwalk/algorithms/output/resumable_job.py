"""A job that writes walks: what it is about, and which of its blocks are done.

Both are in the partial folder of the target, next to it, so that another process can resume a job
that was killed.
"""

from __future__ import annotations

import json
import re
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphwalk.algorithms.output.done_blocks import Done, DoneBlocks
from graphwalk.algorithms.output.formats import FINISHED
from graphwalk.errors import InputError, StoreError, argument
from graphwalk.storage.files.locations import is_url, write_errors
from graphwalk.storage.files.partial_folder import writing
from graphwalk.storage.files.remote import replaced_meanwhile
from graphwalk.storage.files.tree import files_below

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager

    from graphwalk.algorithms.output.sink import WalkBlock, WalkSink
    from graphwalk.storage.files.folder import Folder

RECORD = "job.json"
_DONE = "done"

#: What says where the graph lies: it may have moved, and does not tell jobs from others.
STORE = "store"

#: What tells a job from another of the same walks. A job that resumes one has that one's token.
_TOKEN = "token"

#: How `Folder.writing` and Zarr name an unfinished file.
_UNFINISHED = re.compile(r"\..+\.[0-9a-f]{32}|.+\.[0-9a-f]{32}\.partial")


class ResumableJob:
    """A job under way; pickled into the tasks that write its blocks.

    Attributes
    ----------
    folder : Folder
        Where its record lies, and what tasks need.
    location : str
        Where the walks are written, and `storage_options` if that is a URL.
    result : str
        What has been written: `location`, or a file that was made of it.
    """

    def __init__(
        self, folder: Folder, location: str, storage_options: Mapping[str, Any] | None
    ) -> None:
        self.folder, self.location, self.storage_options = folder, location, storage_options
        self.result = location
        self._record = b""

    def begin(self, about: Mapping[str, Any], *, resume: bool) -> None:
        """Write the record down, or compare with the one that is there."""
        with self.errors():
            self._record = json.dumps({**about, _TOKEN: uuid.uuid4().hex}, indent=1).encode()
            if not resume:
                self.folder.create(RECORD, self._record)
                return
            self._record = self.folder.settle(RECORD, self._record)
        if different := differences(json.loads(self._record), about):
            raise InputError(
                f"{self.folder.location} is what another job left, of other walks: "
                f"{'; '.join(different)}; pass what that job was given, or leave out "
                f"{argument('resume', True)} to start again"
            )

    def done(self, counted: range | None = None) -> DoneBlocks:
        """Return the blocks that are done, and what those came to that are counted."""
        done = DoneBlocks(counted)
        for name in self.folder.names(_DONE):
            if name[0] != ".":
                number, *counts = map(int, name.split("."))
                done.add(number, Done(*counts))
        return done

    def write(self, sink: WalkSink, block: WalkBlock, nodes: int) -> Done:
        """Write a block, and mark it as done."""
        if is_url(self.location):
            self.check_wanted()
            return self._write(sink, block, nodes)
        with writing(Path(self.folder.location)):
            return self._write(sink, block, nodes)

    def check_wanted(self) -> None:
        """Raise if the job was cancelled or replaced: its blocks would be left, or others' lost."""
        with self.errors():
            record = self.folder.read(RECORD)
        if record is None:
            raise StoreError(f"{self.location}: the job that writes these walks has been cancelled")
        if record != self._record:
            raise replaced_meanwhile(self.location)

    def _write(self, sink: WalkSink, block: WalkBlock, nodes: int) -> Done:
        with self.errors():
            done = Done(len(block.walks), nodes, sink.write(block))
            # The name says it all: one request tells what is done, and there are no torn files.
            self.folder.put(f"{_DONE}/{'.'.join(map(str, (block.number, *done)))}", b"")
        return done

    def finish(self, sink: WalkSink, about: Mapping[str, Any], done: DoneBlocks) -> Done:
        """Make one result of all blocks, and return their totals."""
        totals = done.total()
        finished = {"job": dict(about), "walks": totals.walks, "nodes": totals.nodes}
        with self.errors():
            if is_url(self.location):
                self.check_wanted()
            else:
                _remove_unfinished(Path(self.location))
            self.result = sink.close(done.sizes(), {FINISHED: finished})
        return totals

    def errors(self) -> AbstractContextManager[None]:
        """Raise a `StoreError` where what the block does to files of the job is refused."""
        return write_errors(self.location)


def _remove_unfinished(folder: Path) -> None:
    """Remove the unfinished files of jobs that were killed."""
    for entry in files_below(folder):
        if _UNFINISHED.fullmatch(entry.name):
            Path(entry.path).unlink(missing_ok=True)


def differences(record: Mapping[str, Any], about: Mapping[str, Any]) -> list[str]:
    """Return what differs between two jobs, in words."""
    # As JSON has it: tuples are lists.
    about = json.loads(json.dumps(about))
    names = [*record, *(name for name in about if name not in record)]
    return [
        "the graph is another one, as when its store has been replaced"
        if name == "graph" and record.get(name) and about.get(name)
        else f"{name} was {_short(record.get(name))}, and is {_short(about.get(name))}"
        for name in names
        if name not in (STORE, _TOKEN) and record.get(name) != about.get(name)
    ]


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 40 else f"{text[:36]}…"
