"""Take the pictures of the page that docs/demo.md shows, of a synthetic person.

python tests/test_demo/take_pictures.py CONFIG CHECKPOINT NAME_OF_A_VALIDATION_FIGURE JOINT
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread

from browser import Browser, chromium

from mmhg.demo import DemoServer, RefinementDemo
from mmhg.demo.examples import Example
from mmhg.inference.box_files import read_centers

ROOT = Path(__file__).resolve().parents[2]
IMAGES = ROOT / "docs/images"
ANSWERED = "!document.querySelector('#save').disabled"


def main(config: str, checkpoint: str, figure: str, joint: str) -> None:
    """Take the skeleton on a laptop, and a joint's heatmap on a phone in dark colors."""
    folder = ROOT / "data/synthetic/level1"
    box = read_centers(folder / "annotations/mpii_val.json").of(figure)[0].tolist()
    demo = RefinementDemo(config, checkpoint, device="cpu")
    examples = [Example(folder / "images" / figure, box)]
    with DemoServer(demo, port=0, examples=examples) as server, TemporaryDirectory() as scratch:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        with chromium(Path(scratch), "--hide-scrollbars") as page:
            page.resize(1280, 800)
            show_example(page, server.url)
            (IMAGES / "demo.png").write_bytes(page.picture())
            page.resize(390, 844, density=1.5, scheme="dark")
            show_example(page, server.url)
            row = demo.joint_names.index(joint) + 2
            page.script(
                "document.querySelector(arguments[0]).click(); scrollTo(0, 0)",
                f"#joints tbody tr:nth-child({row}) input",
            )
            (IMAGES / "demo_phone.png").write_bytes(page.picture())
        server.shutdown()
        thread.join()


def show_example(page: Browser, url: str) -> None:
    """Load the page, and its example."""
    page.open(url)
    page.wait_for("!document.querySelector('#example').hidden")
    page.click("#example")
    page.wait_for(ANSWERED)


if __name__ == "__main__":
    main(*sys.argv[1:])
