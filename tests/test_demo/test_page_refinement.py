"""Check the page in a real browser: stacks, joints, heatmaps."""

import numpy as np
import pytest

from .browser import HOW_TO_GET_IT, WITHOUT_BROWSER
from .conftest import STACKS
from .page import (
    ANSWERED,
    box_of,
    drag,
    label,
    lonely_joint,
    move_slider,
    on_stage,
    pixels,
    texts,
)

SKELETON = "#joints tbody tr:nth-child(1) input"
ARROW_DOWN = "\ue015"

pytestmark = pytest.mark.skipif(WITHOUT_BROWSER, reason=HOW_TO_GET_IT)


def row(joint: int) -> str:
    """Return the selector of a joint's row; the skeleton's row comes first."""
    return f"#joints tbody tr:nth-child({joint + 2}) input"


def test_the_slider_goes_through_the_stacks(shown, demo, image):
    stacks = demo(image)["stacks"]
    pictures = []
    for stack in range(STACKS):
        move_slider(shown, "#stack", stack + 1)
        assert texts(shown, "#after") == [f"After stack {stack + 1} of {STACKS}"]
        assert texts(shown, ".score") == [f"{s:.2f}" for s in stacks[stack]["scores"]]
        pressed = "[...document.querySelectorAll('#film button')].map((each) => each.ariaPressed)"
        expected = ["true" if each == stack else "false" for each in range(STACKS)]
        assert shown.script(f"return {pressed}") == expected
        pictures.append(pixels(shown))
    moved = np.diff([each["keypoints"] for each in stacks[1:]], axis=0)[0]
    told = [f"{distance:.1f}" for distance in np.hypot(*moved.T)]
    assert texts(shown, "#joints td:last-child")[1:] == told
    assert not np.array_equal(pictures[1], pictures[2])
    # the skeleton after the stack before is drawn in white
    white = [(each[..., :3].min(2) > 215).sum() for each in pictures]
    assert min(white[1:]) > 1.5 * white[0]

    shown.click("#film li:nth-child(1) button")
    assert texts(shown, "#after") == [f"After stack 1 of {STACKS}"]
    assert texts(shown, "#joints td:last-child")[1:] == [""] * 16
    assert np.array_equal(pixels(shown), pictures[0])


def test_play_ends_with_the_last_stack(shown):
    shown.click("#play")
    assert texts(shown, "#after") == [f"After stack 1 of {STACKS}"]
    shown.wait_for(
        f"document.querySelector('#after').innerText === 'After stack {STACKS} of {STACKS}'"
    )
    assert texts(shown, "#play") == ["Play"]


def test_a_joints_heatmap_is_laid_over_the_picture(shown, demo, image):
    keypoints = demo(image)["stacks"][-1]["keypoints"]
    joint = lonely_joint(keypoints)
    skeleton = pixels(shown)
    film = pixels(shown, "#film li:nth-child(1) canvas")
    shown.click(row(joint))
    assert not np.array_equal(pixels(shown, "#film li:nth-child(1) canvas"), film)
    name = demo.joint_names[joint].replace("_", " ")
    assert f"heatmap of the {name} after stack {STACKS}" in label(shown)
    # the joint's own color, at the joint
    x, y = on_stage(shown, *(np.array(keypoints[joint]) + 0.5))
    blue, green, red, _ = pixels(shown)[round(y), round(x)].tolist()
    assert [red, green, blue] == demo.describe()["joint_colors"][joint]

    shown.type(row(joint), ARROW_DOWN)
    name = demo.joint_names[joint + 1].replace("_", " ")
    assert f"heatmap of the {name} after stack {STACKS}" in label(shown)
    shown.click(SKELETON)
    assert np.array_equal(pixels(shown), skeleton)


def test_where_a_heatmap_is_laid_and_in_which_colors(page):
    """Lay a heatmap of 2 x 2 px, whose first px is the hottest, over a white canvas."""
    code = """
    const paint = await import("/paint.js");
    const colors = Array.from({ length: 256 }, (_, value) => [value, 0, 255 - value]);
    const area = [9.5, 19.5, 29.5, 39.5]; // joints count from a pixel's middle
    const heatmaps = { shape: [1, 1, 2, 2], values: [255, 0, 64, 0], area };
    const pose = { heatmaps, crop: [0, 0, 40, 50] };
    const context = new OffscreenCanvas(50, 50).getContext("2d");
    context.fillStyle = "white";
    context.fillRect(0, 0, 50, 50);
    const view = { zoom: 1, x: 0, y: 0 };
    paint.drawHeat(context, view, pose, paint.heatTile(pose, colors, 0, 0));
    const at = (x, y) => [...context.getImageData(x, y, 1, 1).data].slice(0, 3);
    return [at(12, 22), at(27, 25), at(12, 37), at(5, 30), at(45, 5)];
    """
    hottest, cold, warm, beside, outside = page.script(code)
    np.testing.assert_allclose(hottest, [245, 15, 15], atol=2)  # nine tenths red over dimmed white
    np.testing.assert_allclose(cold, [153] * 3, atol=2)
    mixed = 0.9 * 128 / 255 * np.array([64, 0, 191]) + (1 - 0.9 * 128 / 255) * 153
    np.testing.assert_allclose(warm, mixed, atol=3)
    np.testing.assert_allclose(beside, [153] * 3, atol=1)
    assert outside == [255] * 3


def test_a_click_on_a_joint_shows_its_heatmap(shown, demo, image):
    keypoints = demo(image)["stacks"][-1]["keypoints"]
    joint = lonely_joint(keypoints)
    x, y = np.array(keypoints[joint]) + 0.5
    drag(shown, (x, y), (x, y))
    assert shown.script("return document.querySelector(arguments[0]).checked", row(joint))
    corner = (3, 3)
    assert np.hypot(*(np.array(keypoints) - corner).T).min() > 5
    drag(shown, corner, corner)
    assert shown.script("return document.querySelector(arguments[0]).checked", SKELETON)


def test_joints_of_low_score_are_left_out(shown):
    drawn = pixels(shown)
    shown.script("document.querySelector('#threshold').max = 1e9")
    move_slider(shown, "#threshold", 1e9)
    assert texts(shown, "#hint") == ["No joint has a score as high as asked for; lower it."]
    assert not np.array_equal(pixels(shown), drawn)
    assert shown.script("return document.querySelectorAll('tr.low').length") == 16


def test_zoom_to_the_person(shown):
    drag(shown, (30, 30), (70, 70))
    shown.wait_for(f"document.querySelector('[name=left]').value !== '0' && {ANSWERED}")
    whole, box = pixels(shown), box_of(shown)
    shown.click("#zoom")
    assert not np.array_equal(pixels(shown), whole)
    assert box_of(shown) == box
