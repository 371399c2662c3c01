"""What runs in the workers of Dask distributed: tasks, the pieces that they make, cancelling."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from distributed import WorkerPlugin, get_worker
from distributed.protocol import to_serialize
from distributed.utils import sync

from graphwalk.util.cancel import CancelToken
from graphwalk.util.executor import LostError, told_and_made

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

#: Values of up to this number of bytes are sent with the message that a task has ended.
_SMALL = 1 << 12

#: Seconds after which the scheduler is asked whether a worker that does not answer is there.
_ASK_EVERY = 0.5

#: Tokens of the tasks that run in this process.
_running: dict[str, CancelToken] = {}

#: What running tasks have told, until it is taken.
_told: dict[str, list[Any]] = {}

#: Pieces that were made in this process and stay here, by the worker's address and their task.
_pieces: dict[tuple[str, str], list[Any]] = {}
_changing = threading.Lock()


@dataclass(frozen=True)
class Pieces:
    """What the task that made pieces returns: where they are, and those that are small."""

    address: str
    key: str
    number: int
    small: dict[int, Any]
    told: Sequence[Any] = ()


@dataclass(frozen=True)
class Piece:
    """A piece in a worker, or the value itself if that is small."""

    address: str
    key: str
    number: int
    value: Any = None


def run_task(key: str, pieces: int | None, function: Callable[..., Any], *args: Any) -> Any:
    """Run a task in a worker, and keep its pieces there if it makes any."""
    values = [_value(arg) if isinstance(arg, Piece) else arg for arg in args]
    token = CancelToken()
    _running[key] = token
    try:
        with token.active():
            made = function(*values)
    finally:
        del _running[key]
    return made if pieces is None else _keep(key, list(made))


def run_stream(key: str, _pieces: None, function: Callable[..., Any], *args: Any) -> Pieces:
    """Run a generator function in a worker, and keep what it tells until that is asked for."""
    told = _told[key] = []

    def run(*values: Any) -> list[Any]:
        for one, made in told_and_made(function(*values)):
            if made is not None:
                return list(made)
            with _changing:
                told.append(one)
        return []

    try:
        made: Pieces = run_task(key, 0, run, *args)
        return replace(made, told=take_told(key))
    finally:
        del _told[key]


def take_told(key: str) -> list[Any]:
    """Return what a task of this process has told, and forget it."""
    told = _told.get(key, [])
    with _changing:
        taken = told[:]
        del told[:]
    return taken


def cancel_tasks(keys: Iterable[str]) -> int:
    """Cancel those of the tasks that run in this process; return how many do."""
    found = [token for key in keys if (token := _running.get(key)) is not None]
    for token in found:
        token.cancel()
    return len(found)


class KeepsPieces(WorkerPlugin):  # type: ignore[misc]
    """Has a worker answer requests for pieces, which go when the value of their task does."""

    name = "graphwalk"

    def setup(self, worker: Any) -> None:
        """Begin, in a worker."""
        self._address = worker.address
        worker.handlers["graphwalk_piece"] = _send

    def transition(self, key: Any, start: str, finish: str, **_: Any) -> None:
        """Notice what becomes of a task."""
        del start
        if finish in ("released", "forgotten"):
            with _changing:
                _pieces.pop((self._address, key), None)


def _keep(key: str, made: list[Any]) -> Pieces:
    address = get_worker().address
    small = {n: value for n, value in enumerate(made) if _is_small(value)}
    large = [None if n in small else value for n, value in enumerate(made)]
    with _changing:
        _pieces[address, key] = large
    return Pieces(address, key, len(made), small)


def _is_small(value: Any) -> bool:
    return not callable(value) and getattr(value, "nbytes", 0) <= _SMALL


def _made(value: Any) -> Any:
    """Return a value, made now if it is kept as what makes it."""
    return value() if callable(value) else value


def _value(piece: Piece) -> Any:
    """Return a piece: from this process, or from the worker that made it."""
    if piece.value is not None:
        return piece.value
    found = _pieces.get((piece.address, piece.key))
    if found is not None:
        return _made(found[piece.number])
    worker = get_worker()
    if piece.address == worker.address:
        raise LostError(f"piece {piece.number} of {piece.key} is gone")
    return sync(worker.loop, _fetch, worker, piece)


async def _fetch(worker: Any, piece: Piece) -> Any:
    asked = asyncio.ensure_future(
        worker.rpc(piece.address).graphwalk_piece(
            key=piece.key, number=piece.number, address=piece.address
        )
    )
    try:
        # Dask tries for half a minute to connect to a worker that has died.
        while not (await asyncio.wait([asked], timeout=_ASK_EVERY))[0]:
            known = await worker.scheduler.ncores(workers=[piece.address])
            if not known and not asked.done():
                raise LostError(f"{piece.address} is gone")
        answer = await asked
    except (OSError, TimeoutError) as error:  # the worker, or the scheduler, is gone, too
        raise LostError(f"{piece.address} does not answer") from error
    finally:
        asked.cancel()
    if answer["status"] != "OK":
        raise LostError(f"piece {piece.number} of {piece.key} is gone")
    return answer["value"]


async def _send(address: str, key: str, number: int, **_: Any) -> dict[str, Any]:
    found = _pieces.get((address, key))
    if found is None:
        return {"status": "gone"}
    value = await asyncio.to_thread(_made, found[number])
    return {"status": "OK", "value": to_serialize(value)}
