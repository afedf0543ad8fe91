"""`server.turns`: a thread for each that is in hand, and what is told when it is done."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from queue import SimpleQueue

import pytest

from authz.server.turns import Hands, Task
from tests.support.waiting import wait_until

TIMEOUT_SECONDS = 20


@pytest.fixture
def hands() -> Iterator[Hands]:
    """Give hands that are full with two; afterwards none of their threads is left."""
    found = Hands("test", in_hand=2)
    yield found
    found.shutdown()
    wait_until(lambda: not _threads())


def _threads() -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name.startswith("test_")]


def test_each_has_a_thread_of_its_own(hands: Hands) -> None:
    """Who waits keeps nobody from anything, and threads are used again."""
    go_on, ran = threading.Event(), SimpleQueue[str]()
    hands.submit(go_on.wait, TIMEOUT_SECONDS)
    hands.submit(go_on.wait, TIMEOUT_SECONDS)
    hands.submit(ran.put, "a health check")

    assert ran.get(timeout=TIMEOUT_SECONDS) == "a health check"
    is_full = hands.are_full
    wait_until(lambda: hands.count == 2)
    go_on.set()
    wait_until(lambda: hands.count == 0)
    for number in range(20):
        hands.submit(ran.put, str(number))
        assert ran.get(timeout=TIMEOUT_SECONDS) == str(number)
        wait_until(lambda: hands.count == 0)

    assert is_full
    assert not hands.are_full
    assert len(_threads()) == 3


def test_no_more_threads_than_are_useful(hands: Hands) -> None:
    """What is taken on beyond twice of what fills them waits for a thread."""
    go_on, ran = threading.Event(), SimpleQueue[int]()
    for _ in range(4):
        hands.submit(go_on.wait, TIMEOUT_SECONDS)
    hands.submit(ran.put, 5)
    count = len(_threads())
    go_on.set()

    assert count == 4
    assert ran.get(timeout=TIMEOUT_SECONDS) == 5


def test_a_fault_ends_no_thread(hands: Hands) -> None:
    """What fails is over like all else: it is out of hand, and the thread does the next."""
    over, ran = SimpleQueue[object](), SimpleQueue[str]()
    hands.submit(int, "no number").add_done_callback(over.put)
    hands.submit(ran.put, "next")

    assert isinstance(over.get(timeout=TIMEOUT_SECONDS), Task)
    assert ran.get(timeout=TIMEOUT_SECONDS) == "next"
    wait_until(lambda: hands.count == 0)


def test_no_thread_to_be_had(hands: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system gives no thread, what is taken on waits for the next that it gives."""
    ran, start = SimpleQueue[str](), threading.Thread.start

    def fail(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", fail)
    hands.submit(ran.put, "first")
    assert hands.count == 1
    monkeypatch.setattr(threading.Thread, "start", start)
    hands.submit(ran.put, "second")

    assert [ran.get(timeout=TIMEOUT_SECONDS) for _ in range(2)] == ["first", "second"]
    wait_until(lambda: hands.count == 0)


def test_threads_outlive_who_asks_for_them(hands: Hands) -> None:
    """The process waits for what is in hand, although gRPC's own threads are daemons."""
    asking = threading.Thread(target=hands.submit, args=(int,), daemon=True)
    asking.start()
    asking.join()

    assert [each.daemon for each in _threads()] == [False]


def test_a_callback_is_called_once() -> None:
    """Before it is done or afterwards, whoever adds one hears of it one time."""
    told: list[object] = []
    task = Task(lambda: told.append("done"))
    task.add_done_callback(told.append)
    task.run()
    task.add_done_callback(told.append)

    assert told == ["done", task, task]


def test_callbacks_that_are_added_meanwhile() -> None:
    """One that is added in the moment in which it ends is not lost, and not called twice."""
    for _ in range(300):
        told = SimpleQueue[object]()
        task = Task(lambda: None)
        thread = threading.Thread(target=task.run)
        thread.start()
        for _ in range(5):
            task.add_done_callback(told.put)
        thread.join()

        assert told.qsize() == 5


def test_shut_down() -> None:
    """What is in hand is done, nothing else is taken on, and the threads end."""
    hands, go_on, ran = Hands("test"), threading.Event(), SimpleQueue[str]()

    def wait() -> None:
        go_on.wait(TIMEOUT_SECONDS)
        ran.put("done")

    hands.submit(wait)
    hands.shutdown()
    with pytest.raises(RuntimeError):
        hands.submit(ran.put, "late")
    go_on.set()

    assert ran.get(timeout=TIMEOUT_SECONDS) == "done"
    wait_until(lambda: not _threads())


def test_who_waited_too_long(hands: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
    """What came to run too late knows it."""
    late = SimpleQueue[bool]()
    monkeypatch.setattr("authz.server.turns.PATIENCE", TIMEOUT_SECONDS)
    hands.submit(lambda: late.put(hands.is_late))
    assert not late.get(timeout=TIMEOUT_SECONDS)
    monkeypatch.setattr("authz.server.turns.PATIENCE", -1.0)
    hands.submit(lambda: late.put(hands.is_late))

    assert late.get(timeout=TIMEOUT_SECONDS)
