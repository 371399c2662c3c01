"""Tasks that are shared by the threads that wait for them."""

import threading

import pytest

from graphwalk.util.shared_work import SharedWork


def helpers(work, count):
    threads = [threading.Thread(target=work.help) for _ in range(count)]
    for thread in threads:
        thread.start()
    return threads


def test_those_who_wait_do_tasks_too():
    work, together = SharedWork(), threading.Barrier(3, timeout=30)
    threads = helpers(work, 2)
    # Each waits for the two others: one thread alone would never come to an end.
    work.run([together.wait] * 3)
    work.run([together.wait] * 6)
    work.end()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()


def test_an_error_is_raised_to_who_has_the_work_done_and_helpers_go_on_waiting():
    def fail():
        raise ZeroDivisionError("three")

    work, done = SharedWork(), []
    threads = helpers(work, 2)
    with pytest.raises(ZeroDivisionError, match="three"):
        work.run([fail] + [lambda: done.append(1)] * 3)
    assert all(thread.is_alive() for thread in threads)
    work.run([lambda: done.append(2)])
    assert done[-1] == 2
    work.end()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()


def test_without_helpers_one_does_all():
    work, done = SharedWork(), []
    work.run([lambda n=n: done.append(n) for n in range(5)])
    assert done == list(range(5))
    work.end()
    work.help()
