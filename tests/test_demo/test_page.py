"""Check the page in a real browser: photos, boxes, messages."""

import base64
import json

import cv2
import numpy as np
import pytest

from .browser import HOW_TO_GET_IT, WITHOUT_BROWSER
from .conftest import HEIGHT, MAX_UPLOAD, STACKS, WIDTH
from .page import ANSWERED, FAILED, box_of, download, drag, label, pixels, texts

pytestmark = pytest.mark.skipif(WITHOUT_BROWSER, reason=HOW_TO_GET_IT)


def test_an_upload_is_taken_as_one_person(shown, demo, image):
    answer = demo(image)
    assert box_of(shown) == [0, 0, WIDTH, HEIGHT]
    assert "Taken as one person who fills the picture" in texts(shown, "#hint")[0]
    assert texts(shown, "#after") == [f"After stack {STACKS} of {STACKS}"]
    assert texts(shown, ".score") == [f"{s:.2f}" for s in answer["stacks"][-1]["scores"]]
    assert label(shown).startswith("my photo.png: skeleton of")


def test_a_box_drawn_with_the_mouse(shown, demo, image, browser_folder):
    before = pixels(shown)
    drag(shown, (100, 90), (30, 10))
    shown.wait_for(f"document.querySelector('[name=left]').value !== '0' && {ANSWERED}")
    box = box_of(shown)
    assert np.abs(np.array(box) - [30, 10, 100, 90]).max() <= 1
    assert not np.array_equal(pixels(shown), before)
    document = download(shown, browser_folder)
    assert document == json.loads(json.dumps(demo(image, box, "my photo.png")["document"]))

    # its lower right corner is pulled beyond the picture
    drag(shown, (box[2], box[3]), (WIDTH + 9, 70))
    shown.wait_for(f"document.querySelector('[name=bottom]').value === '70' && {ANSWERED}")
    assert box_of(shown) == [box[0], box[1], WIDTH, 70]

    shown.click("#whole")
    shown.wait_for(f"document.querySelector('[name=left]').value === '0' && {ANSWERED}")
    assert box_of(shown) == [0, 0, WIDTH, HEIGHT]


def test_a_box_given_by_keyboard(shown):
    shown.script("document.querySelector('[name=right]').select()")
    shown.type("[name=right]", "50.5\n")
    shown.wait_for(f"document.querySelector('#hint').innerText.startsWith('Drag') && {ANSWERED}")
    assert box_of(shown) == [0, 0, 50.5, HEIGHT]


def test_a_box_that_cannot_be_is_told_and_taken_back(shown):
    shown.script("document.querySelector('[name=right]').select()")
    shown.type("[name=right]", "-3\n")
    shown.wait_for(FAILED)
    assert texts(shown, "#message")[0].startswith("box [0, 0, -3, 120] has no area")
    assert box_of(shown) == [0, 0, WIDTH, HEIGHT]


def test_an_example_comes_with_its_box(page, demo, image):
    page.click("#example")
    page.wait_for(ANSWERED)
    assert box_of(page) == [20, 10, 100, 90]
    scores = demo(image, [20, 10, 100, 90])["stacks"][-1]["scores"]
    assert texts(page, ".score") == [f"{s:.2f}" for s in scores]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"This is a text.", "notes.jpg: cannot decode this picture (15 bytes): not an image"),
        (None, "notes.jpg: this picture is truncated"),
        (bytes(MAX_UPLOAD + 1), "notes.jpg: this file has 0.2 MB, the limit is 0.2 MB."),
    ],
)
def test_what_cannot_be_used_gets_a_message(page, photo, image, tmp_path, content, message):
    broken = tmp_path / "notes.jpg"
    broken.write_bytes(content or cv2.imencode(".jpg", image)[1].tobytes()[:-200])
    page.type("#file", str(broken))
    page.wait_for(FAILED)
    assert texts(page, "#message")[0].startswith(message)
    assert not page.script("return document.querySelector('#stage').classList.contains('busy')")

    page.type("#file", str(photo))  # the page goes on
    page.wait_for(ANSWERED)
    assert page.script("return document.querySelector('#message').hidden")


def test_the_server_refuses_what_the_page_lets_through(page, server, photo, tmp_path, monkeypatch):
    monkeypatch.setattr(server, "max_upload", 100)
    page.type("#file", str(photo))
    page.wait_for(FAILED)
    assert "this file has 0." in texts(page, "#message")[0]
    assert "the limit is 0.0001 MB" in texts(page, "#message")[0]


def test_a_dropped_photo(page, photo):
    page.script(
        """
        const bytes = Uint8Array.from(atob(arguments[0]), (each) => each.charCodeAt(0));
        const dataTransfer = new DataTransfer();
        dataTransfer.items.add(new File([bytes], "dropped.png"));
        document.body.dispatchEvent(new DragEvent("drop", {dataTransfer, bubbles: true}));
        """,
        base64.b64encode(photo.read_bytes()).decode(),
    )
    page.wait_for(ANSWERED)
    assert label(page).startswith("dropped.png: skeleton of")


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_cut_off(shown, width, height, scheme):
    shown.resize(width, height, scheme=scheme)
    overflow = shown.script(
        """
        const most = document.documentElement.clientWidth;
        return [...document.querySelectorAll("body *")]
          .filter((each) => each.getBoundingClientRect().right > most + 0.5)
          .map((each) => each.outerHTML);
        """
    )
    assert overflow == []
    ground = shown.script("return getComputedStyle(document.body).backgroundColor")
    assert ground == dict(light="rgb(243, 245, 248)", dark="rgb(16, 20, 26)")[scheme]
    if width > height:
        assert shown.script(
            "return document.documentElement.scrollHeight <= document.documentElement.clientHeight"
        )
