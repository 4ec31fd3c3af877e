"""The paper's network: 8 stacks, RGB in [0, 1], a plain MSE after every stack, flip test."""

model = dict(
    type="TopdownPoseEstimator",
    data_preprocessor=dict(
        type="PoseDataPreprocessor", mean=[0, 0, 0], std=[255, 255, 255], bgr_to_rgb=True
    ),
    backbone=dict(type="HourglassBackbone", num_stacks=8, num_keypoints=16),
    head=dict(type="MultiStageHeatmapHead", loss=dict(type="KeypointMSELoss")),
    test_cfg=dict(flip_test=True, flip_mode="heatmap", shift_heatmap=False),
)
