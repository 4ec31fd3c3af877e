"""Check the pages, numbers and pictures of comparisons."""

import json

import cv2

from mmhg.benchmark.measure import Comparison, Measurement, count
from mmhg.benchmark.report import draw, machine, markdown, to_dict

TIMES = Comparison(
    "2 stacks",
    "ms per image",
    [
        Measurement("plain", 130.25, 1.0, (1.0, 1.0)),
        Measurement("ours", 70.5, 1.851, (1.8, 1.9), goal=1.55, note="deviation 5e-07"),
    ],
)
SHARES = Comparison(
    "peak",
    "MB",
    [Measurement("plain", 4000, 1.0), Measurement("ours", 800, 5.0, goal=0.25)],
    goal_is_share=True,
)


def test_markdown_says_values_ratios_goals_and_notes():
    page = markdown({"inference": [TIMES], "memory": [SHARES]}, {"processor": "made"})
    assert "| processor | made |" in page
    assert "| plain | 130 | 1.00 (1.00 to 1.00) |  |  |" in page
    assert "| ours | 70.5 | 1.85 (1.80 to 1.90) | at least 1.55 | deviation 5e-07 |" in page
    assert "| ours | 800 | 0.200 | at most 0.25 |  |" in page
    assert page.index("## Inference") < page.index("## Memory")


def test_json_holds_every_number():
    numbers = json.loads(json.dumps(to_dict({"inference": [TIMES]}, {"processor": "made"})))
    row = numbers["parts"]["inference"][0]["rows"][1]
    assert row == {
        "name": "ours",
        "value": 70.5,
        "ratio": 1.851,
        "spread": [1.8, 1.9],
        "goal": 1.55,
        "note": "deviation 5e-07",
    }


def test_picture_is_drawn(tmp_path):
    draw({"inference": [TIMES], "memory": [SHARES]}, tmp_path / "b.png")
    picture = cv2.imread(str(tmp_path / "b.png"))
    blue = (picture == (0xB0, 0x6F, 0x2F)).all(axis=2)
    # Bars of 1.85 and 5 times: on the logarithmic axis the second is longer.
    widths = [row.sum() for row in blue if row.any()]
    assert min(widths) > 50 and max(widths) > min(widths)


def test_machine_names_what_the_numbers_depend_on():
    about = machine()
    assert about["torch"].startswith("2.")
    assert int(about["threads of torch"]) >= 1


def test_nothing_left_is_said_in_words_and_as_null():
    waits = count("host waits", "waits per iteration", {"mmengine": 4, "ours": 0})
    assert "| ours | 0 | nothing left |" in markdown({"training": [waits]}, {})
    assert to_dict({"training": [waits]}, {})["parts"]["training"][0]["rows"][1]["ratio"] is None
