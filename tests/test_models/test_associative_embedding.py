"""The bottom-up head's loss counts pixels outside of crowds, and tags by person."""

import numpy as np
import torch
from mmengine.structures import InstanceData, PixelData
from mmpose.registry import KEYPOINT_CODECS, MODELS
from mmpose.structures import PoseDataSample

CODEC = dict(
    type="TrainableAssociativeEmbedding", input_size=(32, 32), heatmap_size=(8, 8), sigma=1
)


def test_loss_masks_crowds_and_groups_by_person() -> None:
    torch.manual_seed(0)
    head = MODELS.build(
        dict(
            type="TrainableAssociativeEmbeddingHead",
            in_channels=4,
            num_keypoints=2,
            deconv_out_channels=None,
            keypoint_loss=dict(type="KeypointMSELoss"),
            tag_loss=dict(type="AssociativeEmbeddingLoss", loss_weight=1.0),
            decoder=CODEC,
        )
    )
    codec = KEYPOINT_CODECS.build(CODEC)
    keypoints = np.array([[[4.0, 4.0], [12.0, 4.0]], [[20.0, 24.0], [28.0, 24.0]]])
    encoded = codec.encode(keypoints, np.ones((2, 2)))
    mask = torch.ones(8, 8, dtype=torch.bool)
    mask[:, :4] = False
    samples = [
        PoseDataSample(
            gt_fields=PixelData(
                heatmaps=torch.from_numpy(encoded["heatmaps"]), heatmap_mask=mask[None]
            ),
            gt_instance_labels=InstanceData(
                keypoint_indices=torch.from_numpy(encoded["keypoint_indices"])
            ),
        )
    ]
    feats = (torch.rand(1, 4, 8, 8),)
    losses = head.loss(feats, samples)
    heatmaps, tags = head(feats)
    squares = (heatmaps[0] - torch.from_numpy(encoded["heatmaps"])).square()
    torch.testing.assert_close(losses["loss_kpt"], squares[..., 4:].sum() / squares.numel())

    person = [
        torch.stack([tags[0, k, y, x] for k, (x, y) in enumerate(joints)])
        for joints in (((1, 1), (3, 1)), ((5, 6), (7, 6)))
    ]
    pull = sum(((t - t.mean()) ** 2).mean() for t in person) / 2
    torch.testing.assert_close(losses["loss_pull"], pull)
    assert losses["loss_push"] > 0


def test_the_codec_hands_its_indices_to_the_head() -> None:
    codec = KEYPOINT_CODECS.build(CODEC)
    assert codec.label_mapping_table == {"keypoint_indices": "keypoint_indices"}
