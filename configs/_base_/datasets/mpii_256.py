"""MPII at 256 px: the authors' crop, the paper's targets (sigma 1 px) and augmentation; PCKh."""

codec = dict(type="HourglassHeatmap", input_size=(256, 256), heatmap_size=(64, 64), sigma=1)

# Parts of the pipelines by name, for configs that change one.
load = dict(type="LoadWholeImage")
box = dict(type="GetBBoxCenterScale")
augment = dict(type="RandomScaleRotation", law="paper", scale=0.25, rotation=30)
flip = dict(type="RandomFlip", direction="horizontal")
crop = dict(type="HourglassCrop", input_size=codec["input_size"])
target = dict(type="GenerateTarget", encoder=codec)
pack = dict(type="PackPoseInputs")
train_pipeline = [load, box, augment, flip, crop, target, pack]
val_pipeline = [load, box, crop, pack]

# MMPoseInferencer asks the config for these two.
dataset_type, data_mode = "MPIIPersonDataset", "topdown"
dataset = dict(
    type=dataset_type,
    data_root="data/mpii/",
    data_mode=data_mode,
    data_prefix=dict(img="images/"),
)
train_dataloader = dict(
    batch_size=6,
    num_workers=4,
    persistent_workers=True,
    pin_memory=True,
    collate_fn=dict(type="stack_images_collate"),
    sampler=dict(type="DefaultSampler", shuffle=True),
    dataset=dict(dataset, ann_file="annotations/mpii_train.json", pipeline=train_pipeline),
)
val_dataloader = dict(
    batch_size=16,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type="DefaultSampler", shuffle=False, round_up=False),
    dataset=dict(
        dataset, ann_file="annotations/mpii_val.json", test_mode=True, pipeline=val_pipeline
    ),
)
test_dataloader = val_dataloader

val_evaluator = dict(type="PCKhMetric")
test_evaluator = val_evaluator
