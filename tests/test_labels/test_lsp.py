"""Labels of LSP and LSPET."""

from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from label_files import assert_same
from label_files_b import lsp_truth, write_lsp
from mmhg.datasets.formats import lsp_mat
from mmhg.errors import InputError
from mmhg.labels import Labels, lsp, read_labels
from mmhg.labels.lsp import recognizes


@pytest.mark.parametrize("given", ["", "joints.mat"])
@pytest.mark.parametrize("extended", [False, True])
def test_truth(extended: bool, given: str, truth: Labels, tmp_path: Path) -> None:
    made = lsp_truth(truth)
    if not extended:  # LSP has no flag of joints without annotation
        for image in made.images:
            image.objects[0].keypoints[0] = 5, 6
    images = write_lsp(made, tmp_path, extended=extended)
    found = read_labels(tmp_path / given)
    made = Labels(format="truth", keypoints=made.keypoints, images=images, root=tmp_path)
    assert any(one.hidden.any() for image in images for one in image.objects)
    assert_same(found, made, flags=not extended)  # LSPET does not tell which are hidden
    assert (found.format, found.category, found.notes) == ("lsp", "person", [])
    names = found.keypoints
    assert (names[0], names[12], names[13]) == ("right_ankle", "neck", "head_top")
    assert found.flip_pairs == [(0, 5), (1, 4), (2, 3), (6, 11), (7, 10), (8, 9)]
    assert (0, 1) in found.skeleton
    assert (12, 13) in found.skeleton
    assert {(image.group, image.split) for image in found.images} == {(None, None)}


def test_the_last_half_of_lsp_validates(
    truth: Labels, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_lsp(lsp_truth(truth), tmp_path, extended=False)
    monkeypatch.setattr(lsp, "LSP_PEOPLE", 2)
    monkeypatch.setattr(lsp, "TRAINING_PEOPLE", 1)
    assert [image.split for image in read_labels(tmp_path).images] == ["train", "val"]
    assert lsp_mat.LSP_PEOPLE == 2000


def test_pictures_are_missing(truth: Labels, tmp_path: Path) -> None:
    images = write_lsp(lsp_truth(truth), tmp_path, extended=True)
    images[1].path.unlink()
    with pytest.raises(InputError, match=r"joints\.mat: 1 of 2 pictures are missing.*im00002"):
        read_labels(tmp_path)


def test_what_is_not_lsp(tmp_path: Path) -> None:
    savemat(tmp_path / "joints.mat", {"joint": np.ones((14, 3, 2))})
    assert not recognizes(tmp_path)
    for name, data in (("a.mat", b"MATLAB 5.0"), ("b.mat", b""), ("c.mat", b"\xff" * 500)):
        (tmp_path / name).write_bytes(data)
        assert not recognizes(tmp_path / name)
    assert not recognizes(tmp_path / "none.mat")
    savemat(tmp_path / "joints.mat", {"joints": np.ones((16, 3, 2))})
    assert recognizes(tmp_path)
    with pytest.raises(InputError, match=r"'joints' must be numbers of shape .* \(16, 3, 2\)"):
        read_labels(tmp_path)
    savemat(tmp_path / "joints.mat", {"joints": np.ones((14, 3, 0))})
    with pytest.raises(InputError, match=r"joints\.mat"):
        read_labels(tmp_path)
