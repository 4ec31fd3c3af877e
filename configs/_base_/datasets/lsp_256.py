"""LSP at 256 px, scored by person-centric PCK and strict PCP; trained with LSPET as well.

Test people are cropped by their image alone, 1.25 times its longer side.
"""

_base_ = "mpii_256.py"
from mmhg.datasets.body.lsp import LSP_METAINFO as metainfo

val_pipeline = [
    _base_.load,
    dict(type="WholeImageBox"),
    _base_.box,
    _base_.crop,
    _base_.pack,
]

dataset_type = "LSPDataset"
person_set = dict(
    type=dataset_type,
    ann_file="joints.mat",
    data_mode="topdown",
    data_prefix=dict(img="images/"),
)
train_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type="CombinedDataset",
        metainfo=metainfo,
        datasets=[
            dict(person_set, data_root=root, split="train", pipeline=[])
            for root in ("data/lsp/", "data/lspet/")
        ],
        pipeline=_base_.train_pipeline,
    )
)
val_dataloader = dict(
    dataset=dict(
        person_set,
        _delete_=True,
        data_root="data/lsp/",
        split="test",
        test_mode=True,
        pipeline=val_pipeline,
    )
)
test_dataloader = val_dataloader

val_evaluator = [dict(type="TorsoPCKMetric"), dict(type="PCPMetric")]
test_evaluator = val_evaluator
