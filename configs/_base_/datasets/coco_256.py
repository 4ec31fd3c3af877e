"""COCO's people at 256 px, scored by OKS AP on the usual detected boxes."""

codec = dict(type="BatchMSRAHeatmap", input_size=(256, 256), heatmap_size=(64, 64), sigma=1)

# Parts of the pipelines by name, for configs that change one.
load = dict(type="LoadWholeImage")
box = dict(type="GetBBoxCenterScale")
half_body = dict(type="RandomHalfBody")
augment = dict(type="RandomScaleRotation", law="paper", scale=0.25, rotation=30)
flip = dict(type="RandomFlip", direction="horizontal")
crop = dict(type="PersonCrop", input_size=codec["input_size"])
target = dict(type="GenerateTarget", encoder=codec)
pack = dict(type="PackPoseInputs")
train_pipeline = [load, box, half_body, augment, flip, crop, target, pack]
val_pipeline = [load, box, crop, pack]

data_root = "data/coco/"
# MMPoseInferencer asks the config for these two.
dataset_type, data_mode = "CocoPersonDataset", "topdown"
dataset = dict(type=dataset_type, data_root=data_root, data_mode=data_mode)
train_dataloader = dict(
    batch_size=16,
    num_workers=4,
    persistent_workers=True,
    pin_memory=True,
    collate_fn=dict(type="stack_images_collate"),
    sampler=dict(type="DefaultSampler", shuffle=True),
    dataset=dict(
        dataset,
        ann_file="annotations/person_keypoints_train2017.json",
        data_prefix=dict(img="train2017/"),
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=16,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type="DefaultSampler", shuffle=False, round_up=False),
    dataset=dict(
        dataset,
        ann_file="annotations/person_keypoints_val2017.json",
        bbox_file=data_root
        + "person_detection_results/COCO_val2017_detections_AP_H_56_person.json",
        data_prefix=dict(img="val2017/"),
        test_mode=True,
        pipeline=val_pipeline,
    ),
)
test_dataloader = val_dataloader

val_evaluator = dict(type="CocoPersonMetric")
test_evaluator = val_evaluator
