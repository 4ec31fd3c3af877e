"""Converting a checkpoint to another layout and back gives the same tensors, for any size."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmhg.checkpoints.convert import LAYOUTS, from_pytorch
from mmhg.checkpoints.layout import rename_to_ours, rename_to_theirs
from reference import layouts

SIZES = st.builds(
    layouts.Size,
    num_stacks=st.integers(1, 3),
    num_blocks=st.integers(1, 2),
    channels=st.sampled_from([2, 4, 8]),
    num_keypoints=st.integers(1, 4),
    stem_channels=st.tuples(st.integers(1, 4), *[st.sampled_from([2, 4])] * 2),
    depth=st.integers(1, 3),
)


@settings(deadline=None, derandomize=True, database=None, max_examples=20)
@given(SIZES, st.sampled_from(sorted(LAYOUTS)))
def test_there_and_back(size, name):
    if name == "princeton" and size.num_blocks > 1:
        return
    network = from_pytorch(dict(state_dict=layouts.ours(size, prefix="backbone.")))
    renamed = rename_to_theirs(LAYOUTS[name], network.state, network.structure).state
    back = rename_to_ours(LAYOUTS[name], renamed).state
    assert list(back) == list(network.state)
    assert all(torch.equal(back[key], value) for key, value in network.state.items())
    found = from_pytorch(dict(state_dict=renamed))
    assert found.source == name and found.structure == network.structure
