"""Check that the parts of the benchmark run, on tiny networks, and state deviations."""

import pytest

from mmhg.benchmark import decode, memory, training

TINY = dict(size=64, channels=16, stem_channels=(4, 8, 8))


def test_training_steps_are_timed() -> None:
    (table,) = training.run(0, sizes=[(1, 2)], **TINY)
    assert table.title == "Training step on cpu, 1 stack at 64 px, batch 2"
    assert [row.name for row in table.rows] == [
        "plain",
        "ours",
        "ours, --amp",
        "ours, --amp, with_cp",
    ]
    assert table.rows[0].ratio == 1
    assert table.rows[2].goal == 2.5
    assert all(row.value > 0 for row in table.rows)


def test_checkpointing_takes_less_memory_than_the_plain_form() -> None:
    count, time = memory.run(0, num_stacks=4, batch=2, timed_batch=2, **TINY)
    plain, ours, local, recomputed, low, lowest = count.rows
    assert count.goal_is_share and [row.goal for row in count.rows[:4]] == [None, 0.25, 0.25, 0.2]
    assert plain.value > 2 * ours.value > 2 * low.value
    assert plain.value > 2 * local.value > 2 * recomputed.value > 2 * lowest.value
    assert ours.ratio == pytest.approx(plain.value / ours.value)
    assert [row.name for row in time.rows] == [
        "plain",
        "ours",
        "ours, with_cp",
        "ours, local",
        "ours, local, with_cp",
    ]


def test_decoding_is_compared_with_its_deviation() -> None:
    tables = decode.run(0, batch_size=2, keypoints=3, batches=1)
    notes = [table.rows[-1].note for table in tables]
    assert notes == ["bit-identical to MMPose's", "bit-identical to image by image"]
    assert [table.rows[-1].goal for table in tables] == [5, 5]
