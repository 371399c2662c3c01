"""Where walks are written: what is there, and jobs that write there alone or together."""

from __future__ import annotations

import json
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphwalk.algorithms.output.formats import holds_walks, read_about, walk_suffix
from graphwalk.algorithms.output.resumable_job import RECORD, Done, ResumableJob, differences
from graphwalk.errors import InputError, StoreExistsError, argument
from graphwalk.storage.files.folder import folder_at
from graphwalk.storage.files.locations import is_url, locate, write_errors
from graphwalk.storage.files.locks import HeldError, held
from graphwalk.storage.files.publish import (
    partial_folder,
    partial_path,
    put_in_place,
    remove,
    shared_folder,
)

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator, Mapping

    from graphwalk.algorithms.output.sink import WalkSink


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
        if found is None or differences(found["job"], about):
            return None
        return Done(found["walks"], found["nodes"], 0)

    def check_free(self, overwrite: bool) -> None:
        """Raise unless there is nothing here, or walks that may be replaced."""
        if not self._is_occupied():
            return
        if not overwrite:
            raise StoreExistsError(
                f"{self.location} exists; choose another path or pass {argument('overwrite', True)}"
            )
        if not holds_walks(self.location, self.suffix, self.storage_options):
            raise StoreExistsError(
                f"{self.location} holds no walks, so it is not replaced; remove it first"
            )

    @contextmanager
    def job(self, about: Mapping[str, Any], *, resume: bool) -> Iterator[ResumableJob]:
        """Begin the job, or continue it; what it has written is in its place when the block ends.

        If the block raises, what was written is removed, or kept if the job can be resumed.

        Parameters
        ----------
        about : mapping
            What tells the job from others, fit for JSON.
        resume : bool
            Whether to continue what an earlier job left, and to keep it if this one fails.

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
        record_folder = job.folder
        with write_errors(self.location):
            if record_folder.read(RECORD) is None or not resume:
                data.remove()
                record_folder.remove()
        try:
            yield job
            record_folder.remove()
        except BaseException:
            if not resume:
                data.remove()
                record_folder.remove()
            raise

    @contextmanager
    def share(self, about: Mapping[str, Any]) -> Iterator[ResumableJob]:
        """Begin the job, or continue it, while others do so too; what is written stays.

        Raises
        ------
        InputError
            When the others run another job.
        StoreError
            When one of them has just finished it.
        """
        with nullcontext() if self.is_url else shared_folder(Path(self.location)):
            job = self._begun()
            job.begin(about, resume=True)
            yield job

    def finish(
        self, about: Mapping[str, Any], blocks: int, sink: Callable[[ResumableJob], WalkSink]
    ) -> Done | None:
        """Make one result of what several jobs have written, if all blocks are there.

        Returns what the walks come to; None if some are missing, or another job does it.
        """
        # The job that is last finds all of them, since each looks after it has written its own
        # and has released the folder.
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
        """Lock what other jobs have left; it is in its place when the block ends."""
        job = self._begun()
        if self.is_url:
            yield job
            job.folder.remove()
            return
        target = Path(self.location)
        with held(partial_path(target)):
            yield job
            # Never in place of something: without locks, another job may have been faster.
            Path(job.result).rename(target)
            remove(partial_path(target))

    def _begun(self) -> ResumableJob:
        if self.is_url:
            record_folder = folder_at(f"{self.location}.partial", self.storage_options)
            return ResumableJob(record_folder, self.location, self.storage_options)
        folder = partial_path(Path(self.location))
        return ResumableJob(folder_at(str(folder)), str(folder / "walks"), None)

    def begun(self) -> Any:
        """Return what a job that is not finished is about, None if there is none."""
        with write_errors(self.location):
            record = self._begun().folder.read(RECORD)
        return None if record is None else json.loads(record)

    def _is_occupied(self) -> bool:
        if not self.is_url:
            return Path(self.location).exists()
        with write_errors(self.location):
            unfinished = self._begun().folder.read(RECORD) is not None
            return not unfinished and bool(folder_at(self.location, self.storage_options).names())
