"""The clock of a run: what lies between its laps does not count."""

from tinygan.runs.log import Clock


def test_the_clock_does_not_count_what_lies_between_its_laps(monkeypatch):
    now = iter([0.0, 10.0, 100.0, 110.0, 110.0])
    monkeypatch.setattr("time.perf_counter", lambda: next(now))
    clock = Clock(step=5, images_per_step=4)
    assert clock.lap(1, 10) == (1, 10, 10.0, 2.0)
    clock.restart()
    assert clock.lap(2, 15) == (2, 15, 10.0, 2.0)
    clock.began = 110.0
    assert clock.seconds_for(3, 15) == 6.0


def test_the_pace_is_that_of_the_steps_done_and_a_lap_is_counted_once(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("time.perf_counter", lambda: now[0])
    clock = Clock(step=0, images_per_step=8)
    now[0] = 10.0
    assert clock.rate(5) == 4.0
    clock.lap(1, 5)
    assert clock.rate(5) == 4.0
    assert clock.seconds_for(10, 5) == 20.0
    now[0] = 100.0  # pictures were drawn
    clock.restart()
    now[0] = 110.0
    assert clock.rate(10) == 4.0
