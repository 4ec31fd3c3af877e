"""The paper's network: 8 stacks, RGB in [0, 1], a plain MSE after every stack, flip test."""

model = dict(
    type="TopdownPoseEstimator",
    data_preprocessor=dict(
        type="PoseDataPreprocessor", mean=[0, 0, 0], std=[255, 255, 255], bgr_to_rgb=True
    ),
    backbone=dict(type="HourglassBackbone", num_stacks=8, num_keypoints=16),
    head=dict(
        type="MultiStageHeatmapHead",
        in_channels=16,
        out_channels=16,
        num_stages=8,
        loss=dict(type="KeypointMSELoss"),
    ),
    # Heatmap pixel i stands for input pixel 4 i in MMPose's codecs (but UDP's), so that a mirrored
    # heatmap lies 3 input pixels off; shifted by a heatmap pixel it lies 1 off.
    test_cfg=dict(flip_test=True, flip_mode="heatmap", shift_heatmap=True),
)
