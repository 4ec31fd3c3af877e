"""Check rendering to disk: reproducible, in MPII's layout, never half finished."""

import colorsys
import json
from pathlib import Path

import numpy as np
import pytest
from scipy.io import loadmat

from mmhg.errors import InputError
from mmhg.synthetic import LEVELS, Plan, Request, render, render_dataset
from mmhg.synthetic.materials import HELD_OUT, HUES, TRAINING, Collection

REQUEST = Request(level=1, train=5, val=3, test=2, seed=3)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("figures") / "level1"
    assert render_dataset(path, REQUEST, workers=1)
    return path


def test_workers_do_not_change_a_byte(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "level1"
    render_dataset(other, REQUEST, workers=2)
    files = sorted(
        p.relative_to(folder) for p in folder.rglob("*.*") if p.suffix in (".jpg", ".txt")
    )
    assert len(files) > 6
    for name in files:
        assert (other / name).read_bytes() == (folder / name).read_bytes(), name
    assert sorted(p.relative_to(other) for p in other.rglob("*.jpg")) == [
        name for name in files if name.suffix == ".jpg"
    ]


def test_release_has_mpiis_layout(folder: Path) -> None:
    release = loadmat(folder / "mpii_synthetic_v1.mat", struct_as_record=False, squeeze_me=False)
    release = release["RELEASE"][0, 0]
    images = release.annolist.shape[1]
    assert release.img_train.shape == (1, images)
    assert release.single_person.shape == (images, 1)
    train = np.flatnonzero(release.img_train[0])
    people = [rect for i in train for rect in release.annolist[0, i].annorect[0]]
    assert len(people) == REQUEST.train + REQUEST.val
    for rect in people:
        box = [float(getattr(rect, side)[0, 0]) for side in ("x1", "y1", "x2", "y2")]
        assert box[0] < box[2]
        assert box[1] < box[3]
        points = rect.annopoints[0, 0].point[0]
        ids = [int(point.id[0, 0]) for point in points]
        assert set(ids) <= set(range(16))
        assert len(ids) == len(set(ids)) >= 9
        assert {float(point.is_visible[0, 0]) for point in points} <= {0.0, 1.0}
        head_size = 0.6 * np.hypot(box[2] - box[0], box[3] - box[1])
        stature = 200 * float(rect.scale[0, 0])
        assert 0.07 < head_size / stature < 0.18
    tests = np.flatnonzero(release.img_train[0] == 0)
    assert sum(release.annolist[0, i].annorect.shape[1] for i in tests) == REQUEST.test
    for i in tests:
        for rect in release.annolist[0, i].annorect[0]:
            assert "annopoints" not in rect._fieldnames


def test_validation_list_names_the_validation_people(folder: Path) -> None:
    lines = (folder / "val.txt").read_text().splitlines()
    people = [line for line in lines if not line.startswith("#")]
    assert len(people) == REQUEST.val
    for line in people:
        name, number = line.split()
        assert (folder / "images" / name).is_file()
        assert int(number) >= 1


def test_finished_data_are_left_alone_and_others_rendered_anew(tmp_path: Path) -> None:
    path = tmp_path / "level1"
    small = Request(level=1, train=1, val=1, test=0)
    assert render_dataset(path, small, workers=1)
    stamps = {p: p.stat().st_mtime_ns for p in path.rglob("*.jpg")}
    assert not render_dataset(path, small, workers=1)
    assert {p: p.stat().st_mtime_ns for p in path.rglob("*.jpg")} == stamps
    assert render_dataset(path, Request(level=1, train=1, val=1, test=0, seed=1), workers=1)
    assert json.loads((path / "figures.json").read_text())["seed"] == 1


def test_an_interrupted_rendering_is_not_taken_for_finished(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "level1"
    small = Request(level=1, train=1, val=1, test=0)
    render_dataset(path, small, workers=1)
    (path / "figures.json").rename(path / "figures.unfinished.json")
    (path / "val.txt").unlink()
    assert render_dataset(path, small, workers=1)
    assert (path / "val.txt").is_file()


def test_a_folder_with_other_things_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(InputError, match=r"thesis\.tex"):
        render_dataset(tmp_path, REQUEST, workers=1)
    assert (tmp_path / "thesis.tex").read_text() == "years of work"


@pytest.mark.parametrize(
    ("settings", "message"),
    [(dict(level=3), "level"), (dict(train=0), "train"), (dict(seed=-1), "seed")],
)
def test_bad_requests_are_named(settings: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Request(**{**dict(level=1, train=1, val=1, test=0), **settings})


def test_training_and_validation_share_no_look() -> None:
    assert not set(TRAINING.patterns) & set(HELD_OUT.patterns)
    assert not set(TRAINING.backdrops) & set(HELD_OUT.backdrops)
    assert not set(TRAINING.grays) & set(HELD_OUT.grays)
    assert TRAINING.parity != HELD_OUT.parity
    same_index = [render(LEVELS[1], 0, Plan(split, 0, 1, False)) for split in ("train", "val")]
    assert not np.allclose(same_index[0].people[0].joints, same_index[1].people[0].joints)


def test_collections_share_no_color() -> None:
    def sectors(collection: Collection) -> tuple[set[int], list[float]]:
        rng = np.random.default_rng(0)
        colors = [collection.color(rng) for _ in range(400)]
        hues = [colorsys.rgb_to_hsv(*color) for color in colors]
        return (
            {int(hue * HUES) for hue, saturation, _ in hues if saturation > 0.01},
            [value for _, saturation, value in hues if saturation <= 0.01],
        )

    (hues, grays), (other_hues, other_grays) = sectors(TRAINING), sectors(HELD_OUT)
    assert len(hues) == len(other_hues) == HUES // 2
    assert not hues & other_hues
    assert np.abs(np.subtract.outer(grays, other_grays)).min() > 0.01


def test_clearing_that_was_interrupted_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "level1"
    small = Request(level=1, train=1, val=1, test=0)
    render_dataset(path, small, workers=1)
    unlink = Path.unlink

    def stop_at_images(self: Path) -> None:
        if self.suffix == ".jpg":
            raise KeyboardInterrupt
        unlink(self)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", stop_at_images)
        with pytest.raises(KeyboardInterrupt):
            render_dataset(path, Request(level=1, train=2, val=1, test=0), workers=1)
    assert render_dataset(path, small, workers=1)
