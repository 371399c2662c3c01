"""Where walks are written: what is there, and jobs that write there alone or together."""

from __future__ import annotations

import json
from contextlib import contextmanager, nullcontext, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphwalk.algorithms.output.done_blocks import Done
from graphwalk.algorithms.output.formats import RECORDING, holds_walks, read_about, walk_suffix
from graphwalk.algorithms.output.resumable_job import RECORD, ResumableJob, differences
from graphwalk.errors import InputError, StoreError, StoreExistsError, argument
from graphwalk.storage.files.folder import folder_at
from graphwalk.storage.files.locations import is_url, locate, write_errors
from graphwalk.storage.files.locks import HeldError, held
from graphwalk.storage.files.partial_folder import SUFFIX, partial_folder, remove, shared_folder
from graphwalk.storage.files.publish import Replaceable, Target

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
    overwrite : bool
        Whether walks that are there may be replaced.

    Raises
    ------
    InputError
        When its suffix is that of no format, or of one that cannot be written at a URL.
    StoreExistsError
        When it is a link to nothing, or to a file with another suffix.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        storage_options: Mapping[str, Any] | None = None,
        *,
        overwrite: bool = False,
    ) -> None:
        location = locate(path).rstrip("/")
        self.is_url = is_url(location)
        self.suffix = walk_suffix(location, remote=self.is_url)
        if storage_options and not self.is_url:
            raise InputError("storage_options are for URLs, and there is none; leave them out")
        self.storage_options = storage_options
        is_ours = partial(holds_walks, suffix=self.suffix, storage_options=storage_options)
        self._replaceable = Replaceable(overwrite, "holds no walks", is_ours, files=True)
        self._target = None if self.is_url else Target(location, self._replaceable)
        self.location = str(self._target.path) if self._target else location

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

    def check_free(self, *, resume: bool) -> None:
        """Raise unless there is nothing here, or walks that may be replaced or continued."""
        if self._target:
            if resume and self.suffix not in RECORDING and self._target.path.is_file():
                raise StoreExistsError(
                    f"{self.location} exists, so there is nothing to resume; files of "
                    f"{self.suffix} do not say which walks they hold: if they are others, choose "
                    f"another path, or leave out {argument('resume', True)}"
                )
            self._target.check_free()
            return
        with write_errors(self.location):
            unfinished = self._begun().folder.read(RECORD) is not None
            occupied = any(folder_at(self.location, self.storage_options).names())
        if unfinished and not (resume or self._replaceable.overwrite):
            raise StoreExistsError(
                f"{self.location}: another job writes these walks, or was stopped; pass "
                f"{argument('resume', True)} to continue it, or {argument('overwrite', True)} to "
                "start again"
            )
        if occupied and not unfinished:
            self._replaceable.check(self.location)

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
        if not self._target:
            with self._remote_job(about, resume) as job:
                yield job
            return
        with partial_folder(self._target.path, keep=resume):
            job = self._begun()
            job.begin(about, resume=resume)
            yield job
            self._target.publish(Path(job.result))

    @contextmanager
    def _remote_job(self, about: Mapping[str, Any], resume: bool) -> Iterator[ResumableJob]:
        job, data = self._begun(), folder_at(self.location, self.storage_options)
        record_folder = job.folder
        with write_errors(self.location):
            if record_folder.read(RECORD) is None or not resume:
                data.remove()
                record_folder.remove()
        job.begin(about, resume=resume)
        try:
            yield job
            record_folder.remove()
        except BaseException:
            if not resume:
                with suppress(StoreError):  # the caller is to see the error of the job
                    job.check_wanted()
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
        with shared_folder(self._target.path) if self._target else nullcontext():
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
        if not self._target:
            yield job
            job.folder.remove()
            return
        with held(self._target.partial):
            yield job
            self._target.publish(Path(job.result))
            remove(self._target.partial)

    def _begun(self) -> ResumableJob:
        if not self._target:
            record_folder = folder_at(f"{self.location}{SUFFIX}", self.storage_options)
            return ResumableJob(record_folder, self.location, self.storage_options)
        folder = self._target.partial
        return ResumableJob(folder_at(str(folder)), str(folder / "walks"), None)

    def begun(self) -> Any:
        """Return what a job that is not finished is about, None if there is none."""
        with write_errors(self.location):
            record = self._begun().folder.read(RECORD)
        return None if record is None else json.loads(record)
