"""A config asks for multi-scale testing, and reports name it."""

import pytest

from mmhg.config.with_test_scales import describe_scales, with_test_scales
from mmhg.errors import InputError

LOAD, CROP, PACK = dict(type="LoadImage"), dict(type="TopdownAffine"), dict(type="PackPoseInputs")


def base(kind: str = "TopdownPoseEstimator", *pipeline: dict) -> dict:
    return dict(
        model=dict(type=kind, head=dict(type="HeatmapHead"), test_cfg=dict(flip_test=True)),
        test_dataloader=dict(
            batch_size=3, dataset=dict(pipeline=list(pipeline or (LOAD, CROP, PACK)))
        ),
    )


def test_model_and_pipeline_take_the_scales() -> None:
    given = base()
    model, loader = with_test_scales(given, (0.8, 1))
    assert model == dict(
        type="MultiScaleTopdownPoseEstimator",
        head=dict(type="HeatmapHead"),
        test_cfg=dict(flip_test=True, scales=(0.8, 1)),
    )
    boxes = [dict(type="ScaleBox", factor=0.8), dict(type="ScaleBox", factor=1)]
    crops = dict(type="TestTimeAug", transforms=[boxes, [CROP], [PACK]])
    assert loader == dict(batch_size=3, dataset=dict(pipeline=[LOAD, crops]))
    assert given == base(), "the base is left as it was"


@pytest.mark.parametrize("scales", [(), (1.0, 0.0), (-1.0,)])
def test_scales_must_be_positive(scales: tuple[float, ...]) -> None:
    with pytest.raises(InputError, match="test scales must be positive"):
        with_test_scales(base(), scales)


def test_other_models_and_pipelines_are_refused() -> None:
    with pytest.raises(InputError, match="the model is BottomupPoseEstimator"):
        with_test_scales(base("BottomupPoseEstimator"), (1.0,))
    with pytest.raises(InputError, match=r"one of .*TopdownAffine, got LoadImage, PackPoseInputs"):
        with_test_scales(base("TopdownPoseEstimator", LOAD, PACK), (1.0,))


def test_description() -> None:
    assert describe_scales((0.8, 1.0, 1.25)) == "multi-scale 0.8 1 1.25"
    assert describe_scales(()) == ""
