"""JSON that users hand in."""

import pytest

from mmhg.errors import InputError
from mmhg.utils.files import read_json


def test_reads(tmp_path):
    (tmp_path / "a.json").write_text('{"a": [1, null]}')
    assert read_json(tmp_path / "a.json") == {"a": [1, None]}


@pytest.mark.parametrize(("content", "message"), [(None, "cannot read"), (b"{\xff", "is not JSON")])
def test_names_the_file_that_it_cannot_read(tmp_path, content, message):
    path = tmp_path / "a.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=message) as raised:
        read_json(path)
    assert str(path) in str(raised.value)
