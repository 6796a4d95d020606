"""Who waits, who shares a batch, and who is told to come back."""

import threading

import pytest

from core.serving.work import QueueClosed, QueueFull, Sampling, Work, WorkQueue, select_batch


def work(length=10, group=None, arrived=0.0):
    return Work([1] * length, Sampling(), lambda delta: None, group=group, arrived=arrived)


def test_queue_is_bounded_and_closes():
    queue = WorkQueue(limit=2)
    first, second = work(), work()
    queue.put(first)
    queue.put(second)
    with pytest.raises(QueueFull):
        queue.put(work())
    queue.cancel(first)
    assert first.cancelled and len(queue) == 1
    assert queue.close() == [second]
    assert queue.take() == []
    with pytest.raises(QueueClosed):
        queue.put(work())


def test_oldest_leads_and_similar_lengths_come_along():
    waiting = [work(10), work(4000), work(12), work(9)]
    batch = select_batch(waiting, max_batch=3, max_padded=16384)
    assert batch == [waiting[0], waiting[3], waiting[2]]
    assert select_batch(waiting[1:], 16, 16384)[0] is waiting[1]
    assert select_batch(waiting, 16, 16384) == [waiting[0], waiting[3], waiting[2]]


def test_group_stays_together_whatever_its_lengths():
    pair = [work(10, ("g", 2)), work(900, ("g", 2))]
    assert select_batch([pair[0], work(10), work(11), pair[1]], 2, 16384) == pair


def test_padding_is_bounded():
    assert len(select_batch([work(400) for _ in range(8)], 16, max_padded=1200)) == 3


def test_late_member_of_a_group_is_waited_for():
    queue = WorkQueue(limit=8, window_s=0.0, group_wait_s=30.0)
    first = Work([1], Sampling(), print, group=("g", 2))
    second = Work([1, 2], Sampling(), print, group=("g", 2))
    taken = []
    taker = threading.Thread(target=lambda: taken.extend(queue.take()))
    queue.put(first)
    taker.start()
    assert not taken
    queue.put(second)
    taker.join(20)
    assert taken == [first, second]


def test_cancelled_while_the_taker_waits():
    queue = WorkQueue(limit=8, group_wait_s=30.0)
    gone, stays = Work([1], Sampling(), print, group=("g", 2)), Work([1], Sampling(), print)
    taken = []
    taker = threading.Thread(target=lambda: taken.extend(queue.take()))
    queue.put(gone)
    taker.start()
    queue.cancel(gone)
    queue.put(stays)
    taker.join(20)
    assert taken == [stays]
