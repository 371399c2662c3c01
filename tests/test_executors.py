"""What every executor promises to algorithms, builds and checks."""

import threading
from types import SimpleNamespace

import numpy as np
import pytest

from graphwalk.scheduler.executors.cache import Cache
from graphwalk.scheduler.executors.thread_executor import ThreadsExecutor
from graphwalk.util.cancel import CancelledError, check_cancelled
from graphwalk.util.executor import Job


@pytest.fixture
def executor():
    made = ThreadsExecutor(2)
    yield made
    made.close()


def double(number):
    return 2 * number


def halves(values):
    middle = len(values) // 2
    return values[:middle], values[middle:]


def fail(number):
    raise ValueError(f"number {number}")


def test_a_result_is_that_of_the_function_on_values_of_references(executor):
    with executor.job() as job:
        put = job.put(np.arange(4))
        first = job.submit(double, put)
        assert job.result(job.submit(double, first)).tolist() == [0, 4, 8, 12]


def test_pieces_are_references_of_their_own(executor):
    with executor.job() as job:
        pieces = job.submit(halves, np.arange(4), pieces=2)
        results = [job.result(job.submit(double, piece)) for piece in pieces]
    assert [result.tolist() for result in results] == [[0, 2], [4, 6]]


@pytest.mark.parametrize("ordered", [True, False])
def test_map_yields_every_result(executor, ordered):
    with executor.job() as job:
        results = list(job.map(double, range(20), ordered=ordered))
    assert (results if ordered else sorted(results)) == list(range(0, 40, 2))


@pytest.mark.parametrize(
    ("limits", "most"),
    [({"ahead": 3}, 3), ({"ahead": 9, "size": lambda _: 10, "most_bytes": 25}, 2)],
)
def test_map_draws_no_more_items_than_may_be_under_way(executor, limits, most):
    drawn = []

    def items():
        for number in range(10):
            drawn.append(number)
            yield number

    with executor.job() as job:
        for taken, _ in enumerate(job.map(double, items(), **limits)):
            assert len(drawn) <= taken + most + 1


def counting(number):
    yield from range(number)
    return [number, lambda: 2 * number]


def test_a_stream_tells_what_it_yields_and_returns_references(executor):
    with executor.job() as job:
        found = list(job.stream(counting, job.put(3)))
        assert [told for told, ref in found if ref is None] == [0, 1, 2]
        assert [job.result(ref) for _, ref in found if ref is not None] == [3, 6]


def test_an_error_is_raised_where_the_result_is_asked_for(executor):
    with executor.job() as job:
        failed = job.submit(fail, 3)
        assert list(job.wait([failed])) == [failed]
        with pytest.raises(ValueError, match="number 3"):
            job.result(failed)
        with pytest.raises(ValueError, match="number 0"):
            list(job.map(fail, range(3)))


def test_wait_yields_all_references_of_any_kind(executor):
    with executor.job() as job:
        refs = [job.submit(double, 1), job.put(5), *job.submit(halves, [1, 2], pieces=2)]
        assert set(job.wait(refs)) == set(refs)


def test_a_cached_value_outlives_its_job(executor):
    loads = []

    def load(number):
        loads.append(number)
        return number

    for _ in range(2):
        with executor.job() as job:
            values = [job.result(job.cached("five", load, 5)) for _ in range(3)]
            assert values == [5, 5, 5]
            assert job.result(job.submit(double, job.cached("five", load, 5))) == 10
    assert loads == [5]


def test_cached_values_leave_room_for_others():
    cache = Cache()
    for key in "abac":
        cache.get(key, object, size=10, room=20)
    assert cache.size == 20
    kept = cache.get("a", lambda: None, size=10, room=20)
    assert kept is not None
    assert cache.get("b", lambda: None, size=10, room=20) is None


def test_leaving_a_job_ends_what_runs_and_drops_what_waits(executor):
    begun, ended = threading.Semaphore(0), []

    def run_on(number):
        begun.release()
        try:
            while True:
                check_cancelled()
        finally:
            ended.append(number)

    def interrupted():
        with executor.job() as job:
            for number in range(10):
                job.submit(run_on, number)
            for _ in range(2):
                begun.acquire()
            jobs.append(job)
            raise KeyboardInterrupt

    jobs = []
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert sorted(ended) == [0, 1]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("graphwalk")]
    with pytest.raises(CancelledError):
        jobs[0].submit(double, 1)


def test_leaving_an_iteration_cancels_its_tasks_alone(executor):
    begun = threading.Event()

    def run_on(number):
        if number:
            begun.set()
            while True:
                check_cancelled()
        return number

    with executor.job() as job:
        results = job.map(run_on, range(5))
        assert next(results) == 0
        begun.wait()
        results.close()
        assert job.result(job.submit(double, 4)) == 8


def test_a_task_may_wait_for_other_tasks(executor):
    with executor.job() as job:

        def above(depth):
            if depth == 0:
                return 1
            return sum(job.result(job.submit(above, depth - 1)) for _ in range(2))

        assert job.result(job.submit(above, 6)) == 64


def test_references_that_are_done_may_be_other_objects():
    """As those of Ray's client, which are equal to those of the tasks that were submitted."""

    def submit(function, *args, **_):
        return (function(*args),)

    job = SimpleNamespace(
        _num_workers=2,
        submit=submit,
        wait=lambda refs: iter([(refs[-1][0],)]),
        result=lambda ref: ref[0],
        cancel=list,
    )
    found = list(Job.map(job, str, range(5), ordered=False))
    assert sorted(found) == ["0", "1", "2", "3", "4"]
