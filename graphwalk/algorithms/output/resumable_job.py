"""A job that writes walks: what it is about, and which of its blocks are done.

Both lie in a folder beside the target, ``<target>.partial``, so that a job that was killed can be
taken up by another process.
"""

from __future__ import annotations

import json
import re
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from graphwalk.algorithms.output.formats import (
    FINISHED,
    holds_walks,
    read_about,
    walk_suffix,
)
from graphwalk.errors import InputError, StoreError, StoreExistsError
from graphwalk.storage.files.folder import Folder, folder_at
from graphwalk.storage.files.locations import is_url, locate, write_errors
from graphwalk.storage.files.locks import HeldError, held
from graphwalk.storage.files.publish import (
    partial_folder,
    partial_path,
    put_in_place,
    remove,
    shared_folder,
    writing,
)

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from graphwalk.algorithms.output.formats import WalkBlock, WalkSink

_RECORD = "job.json"
_DONE = "done"

#: How `Folder.writing` and Zarr call a file that is not all there.
_UNFINISHED = re.compile(r"\..+\.[0-9a-f]{32}|.+\.[0-9a-f]{32}\.partial")


class Done(NamedTuple):
    """What a block came to: walks, nodes visited by them, and bytes of its own file, if any."""

    walks: int
    nodes: int
    size: int


def total_of(blocks: Iterable[Done]) -> Done:
    """Return what blocks come to together, but for their files."""
    blocks = list(blocks)
    return Done(sum(block.walks for block in blocks), sum(block.nodes for block in blocks), 0)


class WalkTarget:
    """Where walks are to lie.

    Parameters
    ----------
    path : path
        Path or URL.
    storage_options : mapping, optional
        For fsspec, if it is a URL.

    Raises
    ------
    InputError
        When its suffix is that of no format, or of one that cannot be written at a URL.
    """

    def __init__(
        self, path: str | os.PathLike[str], storage_options: Mapping[str, Any] | None = None
    ) -> None:
        location = locate(path)
        self.is_url = is_url(location)
        self.location = location.rstrip("/") if self.is_url else str(Path(location).resolve())
        self.suffix = walk_suffix(self.location, remote=self.is_url)
        if storage_options and not self.is_url:
            raise InputError("storage_options are for URLs, and there is none; leave them out")
        self.storage_options = storage_options

    @property
    def result(self) -> Path | str:
        """The path, or the URL."""
        return self.location if self.is_url else Path(self.location)

    def totals(self, about: Mapping[str, Any]) -> Done | None:
        """Return what the walks that lie here come to, if they are those of a finished job."""
        found = read_about(self.location, self.suffix, self.storage_options)
        if found is None or _differences(found["job"], about):
            return None
        return Done(found["walks"], found["nodes"], 0)

    def check_free(self, overwrite: bool) -> None:
        """Raise unless there is nothing here, or walks that may be replaced."""
        if not self._is_occupied():
            return
        if not overwrite:
            raise StoreExistsError(
                f"{self.location} exists; choose another path or pass overwrite=True"
            )
        if not holds_walks(self.location, self.suffix, self.storage_options):
            raise StoreExistsError(
                f"{self.location} holds no walks, so it is not replaced; remove it first"
            )

    @contextmanager
    def job(self, about: Mapping[str, Any], *, resume: bool) -> Iterator[ResumableJob]:
        """Begin the job, or go on with it; what it has written is in its place when the block ends.

        If the block raises, what was written is removed, or kept if the job can be resumed.

        Parameters
        ----------
        about : mapping
            What tells the job from others, fit for JSON.
        resume : bool
            Whether to go on with what an earlier job left, and to leave it if this one fails.

        Raises
        ------
        InputError
            When what was left is of another job.
        """
        with self._remote_job(resume) if self.is_url else self._local_job(resume) as job:
            job.begin(about, resume=resume)
            yield job

    @contextmanager
    def _local_job(self, resume: bool) -> Iterator[ResumableJob]:
        target = Path(self.location)
        with partial_folder(target, keep=resume):
            job = self._begun()
            yield job
            put_in_place(Path(job.result), target)

    @contextmanager
    def _remote_job(self, resume: bool) -> Iterator[ResumableJob]:
        job, data = self._begun(), folder_at(self.location, self.storage_options)
        beside = job.folder
        with write_errors(self.location):
            if beside.read(_RECORD) is None or not resume:
                data.remove()
                beside.remove()
        try:
            yield job
            beside.remove()
        except BaseException:
            if not resume:
                data.remove()
                beside.remove()
            raise

    @contextmanager
    def share(self, about: Mapping[str, Any]) -> Iterator[ResumableJob]:
        """Begin the job, or go on with it, while others do so too; what is written stays.

        Raises
        ------
        InputError
            When the others are at another job.
        StoreError
            When one of them has just finished it.
        """
        if self.is_url:
            folder: AbstractContextManager[Any] = nullcontext()
        else:
            folder = shared_folder(Path(self.location))
        with folder:
            job = self._begun()
            job.begin(about, resume=True)
            yield job

    def finish(
        self, about: Mapping[str, Any], blocks: int, sink: Callable[[ResumableJob], WalkSink]
    ) -> Done | None:
        """Make one whole of what several jobs have written, if all blocks are there.

        Returns what the walks come to; None if some are missing, or somebody else does it.
        """
        # Who comes last finds all of them, for each looks once its own are written and it holds
        # the folder no more.
        if len(self._begun().done()) < blocks:
            return None
        with suppress(HeldError), self._left() as job:
            done = job.done()
            if len(done) < blocks:
                raise HeldError(f"{self.location}: another job has just finished there")
            opened = sink(job)
            with job.errors():
                opened.open()
            return job.finish(opened, about, done)
        return None

    @contextmanager
    def _left(self) -> Iterator[ResumableJob]:
        """Hold alone what others have left; it is in its place when the block ends."""
        job = self._begun()
        if self.is_url:
            yield job
            job.folder.remove()
            return
        target = Path(self.location)
        with held(partial_path(target)):
            yield job
            # Never in place of something: without locks, somebody else may have been faster.
            Path(job.result).rename(target)
            remove(partial_path(target))

    def _begun(self) -> ResumableJob:
        if self.is_url:
            beside = folder_at(f"{self.location}.partial", self.storage_options)
            return ResumableJob(beside, self.location, self.storage_options)
        folder = partial_path(Path(self.location))
        return ResumableJob(folder_at(str(folder)), str(folder / "walks"), None)

    def begun(self) -> Any:
        """Return what a job that is not finished is about, None if there is none."""
        with write_errors(self.location):
            record = self._begun().folder.read(_RECORD)
        return None if record is None else json.loads(record)

    def _is_occupied(self) -> bool:
        if not self.is_url:
            return Path(self.location).exists()
        with write_errors(self.location):
            unfinished = self._begun().folder.read(_RECORD) is not None
            return not unfinished and bool(folder_at(self.location, self.storage_options).names())


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

    def begin(self, about: Mapping[str, Any], *, resume: bool) -> None:
        """Write the record down, or compare with the one that is there."""
        with self.errors():
            record = json.dumps(about, indent=1).encode()
            if not resume:
                self.folder.put(_RECORD, record)
                return
            record = self.folder.settle(_RECORD, record)
        if different := _differences(json.loads(record), about):
            raise InputError(
                f"{self.folder.location} is what another job left, of other walks: "
                f"{'; '.join(different)}; pass what that job was given, or resume=False to begin "
                "anew"
            )

    def done(self) -> dict[int, Done]:
        """Return the blocks that are done."""
        marks = [name.split(".") for name in self.folder.names(_DONE) if name[0] != "."]
        return {int(number): Done(*map(int, counts)) for number, *counts in marks}

    def write(self, sink: WalkSink, block: WalkBlock, nodes: int) -> Done:
        """Write a block, and mark it as done."""
        if is_url(self.location):
            self._check_wanted()
            return self._write(sink, block, nodes)
        with writing(Path(self.folder.location)):
            return self._write(sink, block, nodes)

    def _check_wanted(self) -> None:
        """Raise if the job was given up, and a task that outlives it would leave a block behind."""
        with self.errors():
            record = self.folder.read(_RECORD)
        if record is None:
            raise StoreError(f"{self.location}: the job that writes these walks has been given up")

    def _write(self, sink: WalkSink, block: WalkBlock, nodes: int) -> Done:
        with self.errors():
            done = Done(len(block.walks), nodes, sink.write(block))
            # The name says it all: one request tells what is done, and there are no torn files.
            self.folder.put(f"{_DONE}/{'.'.join(map(str, (block.number, *done)))}", b"")
        return done

    def finish(self, sink: WalkSink, about: Mapping[str, Any], done: Mapping[int, Done]) -> Done:
        """Make one whole of all blocks, and return what they come to."""
        blocks = [done[number] for number in range(len(done))]
        totals = total_of(blocks)
        finished = {"job": dict(about), "walks": totals.walks, "nodes": totals.nodes}
        with self.errors():
            if not is_url(self.location):
                _remove_unfinished(Path(self.location))
            self.result = sink.close([block.size for block in blocks], {FINISHED: finished})
        return totals

    def errors(self) -> AbstractContextManager[None]:
        """Raise a `StoreError` where what the block does to files of the job is refused."""
        return write_errors(self.location)


def _remove_unfinished(folder: Path) -> None:
    """Remove what those who were killed left half written, under names of their own."""
    for path in folder.rglob("*"):
        if _UNFINISHED.fullmatch(path.name):
            path.unlink(missing_ok=True)


def _differences(record: Mapping[str, Any], about: Mapping[str, Any]) -> list[str]:
    """Return what differs between two jobs, in words."""
    # As JSON has it: tuples are lists.
    about = json.loads(json.dumps(about))
    names = [*record, *(name for name in about if name not in record)]
    return [
        f"{name} was {_short(record.get(name))}, and is {_short(about.get(name))}"
        for name in names
        if record.get(name) != about.get(name)
    ]


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 40 else f"{text[:36]}…"
