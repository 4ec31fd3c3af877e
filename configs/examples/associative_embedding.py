"""Bottom-up associative embedding on the last stack's features, COCO at 512 px."""

_base_ = "../hg8_coco_256.py"

data_mode = "bottomup"
codec = dict(
    type="TrainableAssociativeEmbedding",
    input_size=(512, 512),
    heatmap_size=(128, 128),
    sigma=2,
    decode_topk=30,
    decode_center_shift=0.5,
    decode_keypoint_order=[0, 1, 2, 3, 4, 5, 6, 11, 12, 7, 8, 9, 10, 13, 14, 15, 16],
    decode_max_instances=30,
)
model = dict(
    type="BottomupPoseEstimator",
    backbone=dict(num_stacks=2, num_keypoints=None, output="features"),
    head=dict(
        _delete_=True,
        type="TrainableAssociativeEmbeddingHead",
        in_channels=256,
        num_keypoints=17,
        tag_dim=1,
        tag_per_keypoint=True,
        deconv_out_channels=None,
        keypoint_loss=dict(type="KeypointMSELoss"),
        tag_loss=dict(type="AssociativeEmbeddingLoss", loss_weight=0.001),
        decoder=dict(codec, heatmap_size=(512, 512)),
    ),
    test_cfg=dict(
        _delete_=True,
        multiscale_test=False,
        flip_test=True,
        shift_heatmap=False,
        restore_heatmap_size=True,
        align_corners=False,
    ),
)

train_pipeline = [
    dict(type="LoadWholeImage"),
    dict(type="BottomupRandomAffine", input_size=(512, 512)),
    dict(type="RandomFlip", direction="horizontal"),
    dict(type="GenerateTarget", encoder=codec),
    dict(type="BottomupGetHeatmapMask"),
    dict(type="PackPoseInputs"),
]
val_pipeline = [
    dict(type="LoadWholeImage"),
    dict(type="BottomupResize", input_size=(512, 512), size_factor=64, resize_mode="expand"),
    dict(
        type="PackPoseInputs",
        meta_keys=(
            "id",
            "img_id",
            "img_path",
            "crowd_index",
            "ori_shape",
            "img_shape",
            "input_size",
            "input_center",
            "input_scale",
            "flip",
            "flip_direction",
            "flip_indices",
            "raw_ann_info",
            "skeleton_links",
        ),
    ),
]
train_dataloader = dict(dataset=dict(data_mode=data_mode, pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=1,
    dataset=dict(data_mode=data_mode, bbox_file=None, pipeline=val_pipeline),
)
test_dataloader = val_dataloader

val_evaluator = dict(nms_mode="none", score_mode="bbox")
test_evaluator = val_evaluator
default_hooks = dict(skeleton_sheet=dict(people=0))  # Its people need boxes.
