import threading

import pytest

from app.jobs import Failed, Finished, Job, Progress, Result, start_job

EVENTS = [Progress(0, 2), Result("a", 1), Failed("b", "It is empty."), Progress(2, 2, "b"), Finished(False)]


def test_iteration_yields_all_events_and_ends():
    job = Job("Predicting", 2)
    worker = threading.Thread(target=lambda: [job.post(event) for event in EVENTS])
    worker.start()
    assert list(job) == EVENTS
    worker.join()
    assert job.finished
    assert list(job) == []


def test_a_listener_gets_earlier_events_first_and_then_the_others():
    job, heard = Job("Predicting", 2), []
    for event in EVENTS[:2]:
        job.post(event)
    assert job.backlog == 2
    job.listen(heard.append)
    for event in EVENTS[2:]:
        job.post(event)
    assert heard == EVENTS
    assert job.backlog == 0


def test_order_is_kept_while_a_listener_is_attached():
    job, heard = Job("Counting", 500), []
    worker = threading.Thread(target=lambda: [job.post(Progress(i, 500)) for i in range(500)])
    worker.start()
    job.listen(heard.append)
    worker.join()
    assert [event.done for event in heard] == list(range(500))


def test_nothing_comes_after_finished():
    job = Job("Predicting", 1)
    job.post(Finished(True))
    job.post(Result("late", 1))
    assert list(job) == [Finished(True)]


def test_cancel_is_told_once_and_not_after_the_end():
    told = []
    job = Job("Predicting", 1, on_cancel=lambda: told.append(True))
    job.cancel()
    job.cancel()
    assert told == [True]
    assert job.cancelled
    done = Job("Predicting", 1, on_cancel=lambda: told.append(True))
    done.post(Finished(False))
    done.cancel()
    assert told == [True]
    assert not done.cancelled


def test_a_listener_may_post_and_cancel():
    job, heard = Job("Predicting", 1), []

    def listener(event):
        heard.append(event)
        if isinstance(event, Progress):
            job.cancel()
            job.post(Finished(True))

    job.listen(listener)
    job.post(Progress(0, 1))
    assert heard == [Progress(0, 1), Finished(True)]


def test_events_are_frozen():
    with pytest.raises(AttributeError):
        Progress(1, 2).done = 3


def test_waiting_for_a_job_ends_with_it_or_when_the_time_is_up():
    job = Job("Counting", 1)
    assert not job.wait(0.0)
    worker = threading.Thread(target=lambda: job.post(Finished(False)))
    worker.start()
    assert job.wait(60)
    worker.join()
    assert list(job) == [Finished(False)]


def test_work_on_a_thread_ends_as_done_cancelled_or_failed_and_says_which():
    may_end, seen = threading.Event(), []

    def patient(job):
        job.post(Result("a", 1))
        assert may_end.wait(60)
        seen.append(job.cancelled)

    job = start_job("Counting", patient, "Nothing was counted.")
    job.cancel()
    may_end.set()
    assert list(job) == [Result("a", 1), Finished(cancelled=True)]
    assert list(start_job("Counting", patient, "Nothing was counted.")) == [Result("a", 1), Finished(cancelled=False)]
    assert seen == [True, False]


def test_work_that_fails_unforeseen_ends_in_a_sentence_without_the_words_of_the_error(caplog):
    path = "/films/DOE^JANE.dcm"

    def fail(job):
        raise OSError(path)

    failed, end = list(start_job("Counting", fail, "Nothing was counted."))
    assert failed == Failed("", "Counting failed because of an error in this program (OSError). Nothing was counted.")
    assert end == Finished(cancelled=False)
    assert "“Counting” failed: OSError" in caplog.text
    assert "JANE" not in caplog.text
