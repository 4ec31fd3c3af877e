"""Read labels of LSP (Leeds Sports Poses) or of its extension LSPET: `joints.mat` and `images`.

LSP's last thousand people validate, which are its test people. Boxes are left to whoever needs
them: the files have none.
"""

from __future__ import annotations

import os
from pathlib import Path

from mmhg.datasets.body.lsp import LSP_METAINFO
from mmhg.datasets.formats.lsp_mat import LSP_PEOPLE, TRAINING_PEOPLE, read_all
from mmhg.errors import InputError
from mmhg.labels.body import folder_of, has_variable, labeled_person, names_and_links
from mmhg.labels.labels import Labels
from mmhg.labels.listed import ListedImage, with_pictures
from mmhg.labels.pictures import Pictures, existing

_FILE = "joints.mat"


def recognizes(path: Path) -> bool:
    """Tell if labels are of LSP."""
    return has_variable(_file(path), "joints")


def read(path: Path, images: Path | None = None) -> Labels:
    """Read labels of LSP.

    Args:
        path: `joints.mat`, or its folder.
        images: The folder of the pictures, if it is not `images` beside the file.

    Raises:
        InputError: The file is not as expected, or pictures are missing.
    """
    file = _file(path)
    people = read_all(str(file))
    is_lsp = people[0].image == "im0001.jpg" if people else False
    split = len(people) == LSP_PEOPLE and is_lsp
    listed = [
        ListedImage(
            names=[person.image],
            where=f"{file}: {person.image}",
            objects=[labeled_person(person, None, "person")] if person.annotated.any() else [],
            split=(None if not split else "train" if number < TRAINING_PEOPLE else "val"),
        )
        for number, person in enumerate(people)
    ]
    if not listed:
        raise InputError(f"{file} has no people")
    root = images or folder_of(file)
    notes: list[str] = []
    pictures = Pictures(file, root, existing([root / "images", root]))
    found = with_pictures(listed, pictures, notes)
    return Labels(
        format="lsp", images=found, root=root, notes=notes, **names_and_links(LSP_METAINFO)
    )


def _file(path: Path) -> Path:
    return path / _FILE if os.path.isdir(path) else path
