"""The reader of RELEASE, over the oddities that such files have."""

import numpy as np
import pytest
from scipy.io import savemat

from mmhg.datasets import MPIIPersonDataset
from mmhg.datasets.formats.mpii_mat import JOINTS, read_release
from mmhg.errors import InputError

EMPTY = np.zeros((0, 0))


def struct(*rows):
    """Make a MATLAB struct array; a missing field is empty, as in MATLAB."""
    names = dict.fromkeys(name for row in rows for name in row)
    array = np.empty((1, len(rows)), dtype=[(name, object) for name in names])
    for column, row in enumerate(rows):
        for name in names:
            array[name][0, column] = row.get(name, EMPTY)
    return array


def cell(*values):
    array = np.empty((len(values), 1), dtype=object)
    for row, value in enumerate(values):
        array[row, 0] = np.array(value, ndmin=2) if np.size(value) else EMPTY
    return array


def points(*rows):
    return struct({"point": struct(*rows)})


WHOLE_RECT = {
    "x1": 10.0,
    "y1": 20.0,
    "x2": 40.0,
    "y2": 60.0,
    "scale": 2.5,
    "objpos": struct({"x": 100.0, "y": 200.0}),
    "annopoints": points({"x": 11.5, "y": 12.0, "id": 9.0, "is_visible": 1.0}),
}
NOTHING = (None, None, None, {})
WHOLE = ([100.0, 200.0], 2.5, [10.0, 20.0, 40.0, 60.0], {9: (11.5, 12.0, True)})


def told(person):
    """Return a person's center, scale, head box and joints (x, y, visible), None if unknown."""
    return (
        person.center if person.center is None else person.center.tolist(),
        None if np.isnan(person.scale) else person.scale,
        person.head_box if person.head_box is None else person.head_box.tolist(),
        joints(person),
    )


def joints(person):
    assert (np.isfinite(person.keypoints).all(axis=1) == person.annotated).all()
    return {
        int(k): (*person.keypoints[k], None if np.isnan(flag) else bool(flag))
        for k in np.flatnonzero(person.annotated)
        for flag in [person.visible[k]]
    }


@pytest.fixture
def release(tmp_path):
    """Write a RELEASE whose only image has these people; fields can be changed or left out."""

    def write(*rects, **changes):
        image = {"image": struct({"name": "a.jpg"})}
        if rects:
            image["annorect"] = struct(*rects)
        fields = {
            "annolist": struct(image),
            "img_train": np.array([[1.0]]),
            "single_person": cell([1]),
        }
        fields = {k: v for k, v in (fields | changes).items() if v is not ...}
        savemat(tmp_path / "release.mat", {"RELEASE": struct(fields)})
        return tmp_path / "release.mat"

    return write


def read_people(path):
    (image,) = read_release(path)
    return image.people


def test_joints_are_named_as_in_mmpose():
    assert list(JOINTS) == list(
        MPIIPersonDataset(lazy_init=True).metainfo["keypoint_id2name"].values()
    )


def test_whole_person(release):
    (image,) = read_release(release(WHOLE_RECT))
    assert image.index == 1
    assert image.name == "a.jpg"
    assert image.is_train is True
    (person,) = image.people
    assert told(person) == WHOLE
    assert (person.image, person.annolist_index, person.person_index) == ("a.jpg", 1, 1)
    assert person.single_person is True
    assert person.activity is None


def test_several_images(tmp_path):
    annolist = struct(
        {"image": struct({"name": "a.jpg"}), "annorect": struct(WHOLE_RECT, WHOLE_RECT)},
        {"image": struct({"name": "b.jpg"}), "annorect": EMPTY},
        {"image": struct({"name": "c.jpg"}), "annorect": struct({"scale": 3.0})},
    )
    fields = {
        "annolist": annolist,
        "img_train": np.array([[1, 0, 0]], np.uint8),
        "single_person": cell([2], [], [1, 2]),
        "act": struct(
            {"cat_name": "sports", "act_name": "golf", "act_id": 7.0}, {}, {"act_id": -1}
        ).T,
    }
    savemat(tmp_path / "release.mat", {"RELEASE": struct(fields)}, do_compression=True)
    first, second, third = read_release(tmp_path / "release.mat")
    assert [person.single_person for person in first.people] == [False, True]
    assert [person.person_index for person in first.people] == [1, 2]
    assert first.people[1].activity == {"category": "sports", "name": "golf", "id": 7}
    assert (second.name, second.is_train, second.people) == ("b.jpg", False, ())
    assert third.people[0].scale == 3
    assert third.people[0].single_person
    assert [image.index for image in (first, second, third)] == [1, 2, 3]
    assert third.people[0].annolist_index == 3
    assert third.people[0].activity is None


@pytest.mark.parametrize(
    ("flag", "expected"),
    [(1.0, True), (0.0, False), ("1", True), ("0", False), (True, True), (EMPTY, None), ("", None)],
)
def test_visibility(release, flag, expected):
    point = {"x": 1.0, "y": 2.0, "id": 0.0, "is_visible": flag}
    (person,) = read_people(release({"annopoints": points(point)}))
    assert joints(person) == {0: (1.0, 2.0, expected)}


def test_points_without_visibility(release):
    (person,) = read_people(release({"annopoints": points({"x": 1.0, "y": 2.0, "id": 15.0})}))
    assert joints(person) == {15: (1.0, 2.0, None)}


def test_absent_and_empty_fields(release):
    people = read_people(release({"scale": 1.0}, {"objpos": EMPTY}, {"annopoints": EMPTY}, {}))
    assert [told(person) for person in people] == [(None, 1, None, {}), *[NOTHING] * 3]
    assert read_people(release()) == ()
    assert joints(read_people(release({"annopoints": struct({"point": EMPTY})}))[0]) == {}


def test_partly_empty_person(release):
    """Read people of a struct array, in which each has all fields and some are empty."""
    first, second = read_people(release({"x1": 3.0, "objpos": struct({"x": 1.0})}, WHOLE_RECT))
    assert (told(first), told(second)) == (NOTHING, WHOLE)
    assert (first.single_person, second.single_person) == (True, False)


def test_head_box_without_extent_is_none(release):
    rect = WHOLE_RECT | {"x2": 10.0, "y2": 20.0}
    assert read_people(release(rect))[0].head_box is None


def test_point_without_coordinates_is_no_annotation(release):
    rows = (
        {"x": np.nan, "y": 2.0, "id": 1.0},
        {"y": 2.0, "id": 2.0},
        {"x": 1.0, "y": 2.0, "id": 3.0},
    )
    assert list(joints(read_people(release({"annopoints": points(*rows)}))[0])) == [3]


def test_of_two_points_with_one_id_the_first_counts(release):
    rows = ({"x": 1.0, "y": 2.0, "id": 3.0}, {"x": 9.0, "y": 9.0, "id": 3.0})
    (person,) = read_people(release({"annopoints": points(*rows)}))
    assert joints(person) == {3: (1.0, 2.0, None)}


@pytest.mark.parametrize("joint_id", [16.0, -1.0, 2.5])
def test_unknown_joint_id(release, joint_id):
    path = release({"annopoints": points({"x": 1.0, "y": 2.0, "id": joint_id})})
    with pytest.raises(InputError, match=rf"annolist\(1\)\.annorect\(1\) .* id {joint_id:g}"):
        read_release(path)


def test_nested_dictionaries_and_lists_of_python(tmp_path):
    """Read the cell arrays of lists that savemat makes instead of struct arrays."""
    point = {"x": 1.0, "y": 2.0, "id": 3, "is_visible": "1"}
    rect = {
        "scale": 1.5,
        "objpos": {"x": 5, "y": 6},
        "annopoints": {"point": [point, point | {"id": 4}]},
    }
    annolist = [
        {"image": {"name": "a.jpg"}, "annorect": [rect, {"scale": 2.0}]},
        {"image": {"name": "b.jpg"}, "annorect": []},
    ]
    release = {"annolist": annolist, "img_train": [1, 0], "single_person": [[1, 2], []]}
    savemat(tmp_path / "release.mat", {"RELEASE": release})
    first, second = read_release(tmp_path / "release.mat")
    assert first.people[0].center.tolist() == [5, 6]
    assert sorted(joints(first.people[0])) == [3, 4]
    assert [(p.person_index, p.scale, p.single_person) for p in first.people] == [
        (1, 1.5, True),
        (2, 2, True),
    ]
    assert second.people == ()


def test_single_person_as_numbers(tmp_path):
    image = {"image": struct({"name": "a.jpg"}), "annorect": struct(WHOLE_RECT, WHOLE_RECT)}
    fields = {
        "annolist": struct(image, image),
        "img_train": np.ones((1, 2)),
        "single_person": np.array([[1.0], [2.0]]),
    }
    savemat(tmp_path / "release.mat", {"RELEASE": struct(fields)})
    flags = [[p.single_person for p in i.people] for i in read_release(tmp_path / "release.mat")]
    assert flags == [[True, False], [False, True]]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"annolist": EMPTY}, "annolist is empty"),
        ({"annolist": ...}, "annolist is empty"),
        ({"annolist": struct({"annorect": EMPTY})}, r"annolist\(1\) has no image\.name"),
        ({"img_train": np.ones((1, 2))}, "one flag for each of the 1 images, got 2"),
        ({"img_train": ...}, "one flag for each of the 1 images, got 0"),
        ({"single_person": cell([1], [1])}, "each of the 1 images, got 2"),
    ],
)
def test_release_of_another_form(release, changes, message):
    path = release(WHOLE_RECT, **changes)
    with pytest.raises(InputError, match=message) as error:
        read_release(path)
    assert str(path) in str(error.value)


def test_single_person_may_be_absent(release):
    assert not read_people(release(WHOLE_RECT, single_person=...))[0].single_person


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(InputError, match=r"none\.mat does not exist"):
        read_release(tmp_path / "none.mat")
    (tmp_path / "text.mat").write_text("no MATLAB file")
    with pytest.raises(InputError, match=r"text\.mat is not a MATLAB file"):
        read_release(tmp_path / "text.mat")
    savemat(tmp_path / "other.mat", {"preds": np.zeros((2, 16, 1))})
    with pytest.raises(InputError, match=r"other\.mat has no struct RELEASE"):
        read_release(tmp_path / "other.mat")
    header = b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM"
    (tmp_path / "new.mat").write_bytes(header + bytes(400))
    with pytest.raises(InputError, match=r"new\.mat .*version 7\.3\. Save it with -v7"):
        read_release(tmp_path / "new.mat")


def test_truncated_file(release):
    path = release(*[WHOLE_RECT] * 3)
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(InputError, match="is not a MATLAB file that can be read"):
        read_release(path)
