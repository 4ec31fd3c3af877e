"""The authors' train.h5, valid.h5 and test.h5."""

import h5py
import numpy as np
import pytest

from mmhg.datasets.formats.mpii_h5 import read_mpii_h5
from mmhg.errors import InputError

RAW_CENTER, RAW_SCALE = (120.0, 340.0), 2.0


@pytest.fixture
def write(tmp_path):
    """Write two people to an .h5 file; fields can be given, None leaves one out."""

    def write_file(name="valid.h5", **changes):
        part = np.arange(64.0).reshape(2, 16, 2) + 1
        part[1, 3] = 0
        visible = np.ones((2, 16))
        visible[0, 5] = 0
        fields = {
            "imgname": np.array([b"a.jpg", b"b c.jpg"]),
            "person": np.array([0.0, 2.0]),
            "center": np.array([[120.0, 370.0]] * 2),  # 340 + 15 x 2
            "scale": np.array([2.5, 2.5]),  # 2 x 1.25
            "part": part,
            "visible": visible,
            "normalize": np.array([33.5, 0.0]),
        } | changes
        path = tmp_path / name
        with h5py.File(path, "w") as file:
            for key, value in fields.items():
                if value is not None:
                    file[key] = value
        return path

    return write_file


def test_center_and_scale_are_mpiis_own_again(write):
    people = read_mpii_h5(write())
    assert [(p.center.tolist(), p.scale) for p in people] == [([120.0, 340.0], 2.0)] * 2


def test_joints_flags_and_head_sizes(write):
    first, second = read_mpii_h5(write())
    assert (first.image, first.person_index) == ("a.jpg", 1)
    assert (second.image, second.person_index) == ("b c.jpg", 3)
    assert first.keypoints[2].tolist() == [5.0, 6.0]
    assert first.annotated.tolist() == [True] * 16
    assert first.visible.tolist() == [1] * 5 + [0] + [1] * 10
    assert second.annotated.tolist() == [True, True, True, False] + [True] * 12
    np.testing.assert_array_equal(second.visible, [1, 1, 1, np.nan] + [1] * 12)
    assert first.head_size == 33.5
    assert np.isnan(second.head_size)
    assert first.head_box is None


def test_names_as_character_codes(write):
    codes = np.zeros((2, 16))
    codes[0, :5] = list(b"a.jpg")
    codes[1, :7] = list(b"b c.jpg")
    path = write(imgname=codes)
    assert [person.image for person in read_mpii_h5(path)] == ["a.jpg", "b c.jpg"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"part": None, "scale": None}, "lacks scale, part"),
        (
            {"part": np.zeros((2, 14, 2))},
            r"part must be numbers of shape \(2, 16, 2\), got float64 of shape \(2, 14, 2\)",
        ),
        ({"center": np.full((2, 2), np.nan)}, "'center' has numbers that are not finite"),
    ],
)
def test_other_content_is_refused(write, changes, message):
    with pytest.raises(InputError, match=message):
        read_mpii_h5(write(**changes))


def test_damaged_and_missing_files(write, tmp_path):
    path = write()
    path.write_bytes(path.read_bytes()[:700])
    with pytest.raises(InputError, match=r"valid\.h5 is not an HDF5 file"):
        read_mpii_h5(path)
    with pytest.raises(InputError, match=r"none\.h5 does not exist"):
        read_mpii_h5(tmp_path / "none.h5")
