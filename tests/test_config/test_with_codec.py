"""A codec replaces another in every place where one stands."""

import pytest

from mmhg.config import with_codec

OLD = dict(type="MSRAHeatmap", input_size=(256, 256), heatmap_size=(64, 64), sigma=1)
UDP = dict(type="UDPHeatmap", input_size=(128, 192), heatmap_size=(32, 48), sigma=2)


def loader(*steps: dict) -> dict:
    return dict(batch_size=4, dataset=dict(type="CocoDataset", pipeline=list(steps)))


def model_with(codec: dict, shift_heatmap: bool) -> dict:
    test_cfg = dict(flip_test=True, shift_heatmap=shift_heatmap)
    head = dict(type="HeatmapHead", decoder=codec)
    return dict(type="TopdownPoseEstimator", head=head, test_cfg=test_cfg)


def base() -> dict:
    crop = dict(type="TopdownAffine", input_size=(256, 256))
    target = dict(type="GenerateTarget", encoder=OLD, multilevel=False)
    return dict(
        model=model_with(OLD, shift_heatmap=True),
        train_dataloader=loader(dict(type="LoadImage"), crop, target),
        val_dataloader=loader(crop),
        test_dataloader=loader(crop),
    )


def test_head_and_pipelines_take_the_codec() -> None:
    model, train, val, test = with_codec(base(), UDP)
    assert model == model_with(UDP, shift_heatmap=False)
    crop = dict(type="PersonCrop", input_size=(128, 192), use_udp=True)
    target = dict(type="GenerateTarget", encoder=UDP, multilevel=False)
    assert train == loader(dict(type="LoadImage"), crop, target)
    assert val == test == loader(crop)


def test_only_udp_aligns_crops_so() -> None:
    _, train, _, _ = with_codec(base(), dict(OLD, sigma=2))
    assert train["dataset"]["pipeline"][1]["use_udp"] is False


def test_the_authors_codec_goes_with_their_crop_and_back() -> None:
    authors = dict(OLD, type="HourglassHeatmap", sigma=1.75)
    config = dict(base())
    names = ("model", "train_dataloader", "val_dataloader", "test_dataloader")
    changed = with_codec(config, authors)
    assert changed[0] == model_with(authors, shift_heatmap=False)
    assert changed[2] == loader(dict(type="HourglassCrop", input_size=(256, 256)))
    back = with_codec(dict(zip(names, changed, strict=True)), OLD)
    assert back[0] == model_with(OLD, shift_heatmap=True)
    crop = dict(type="PersonCrop", input_size=(256, 256), use_udp=False)
    assert back[2] == loader(crop)


def drawing_base() -> dict:
    """A base whose targets are drawn on the device."""
    config = base()
    config["model"]["data_preprocessor"] = dict(type="DeviceTargetPreprocessor", encoder=OLD)
    load = dict(type="LoadPersonRegion", input_size=(256, 256), reduce=True)
    crop = dict(type="TopdownAffine", input_size=(256, 256))
    pack = dict(type="PackPoseInputs", pack_transformed=True)
    config["train_dataloader"] = loader(load, crop, pack)
    return config


@pytest.mark.parametrize("codec", [UDP, dict(UDP, type="BatchUDPHeatmap")])
@pytest.mark.parametrize("named", [True, False])
def test_targets_drawn_on_the_device_take_the_codec(codec: dict, named: bool) -> None:
    """Also where the base leaves it to its leaves to name an encoder."""
    config = drawing_base()
    if not named:
        del config["model"]["data_preprocessor"]["encoder"]
    model, train, _, _ = with_codec(config, codec)
    assert model["data_preprocessor"] == dict(type="DeviceTargetPreprocessor", encoder=codec)
    load = dict(type="LoadPersonRegion", input_size=(128, 192), reduce=True)
    crop = dict(type="PersonCrop", input_size=(128, 192), use_udp=True)
    assert train == loader(load, crop, dict(type="PackPoseInputs", pack_transformed=True))


@pytest.mark.parametrize(
    "codec",
    [
        dict(UDP, heatmap_type="combined"),
        dict(OLD, type="IntegralRegressionLabel", sigma=2.0),
    ],
)
def test_targets_that_no_device_draws_are_made_in_the_pipeline(codec: dict) -> None:
    config = drawing_base()
    model, train, val, _ = with_codec(config, codec)
    assert model["data_preprocessor"] == dict(type="DeviceTargetPreprocessor", encoder=None)
    steps = train["dataset"]["pipeline"]
    assert [step["type"] for step in steps[:2]] == ["LoadPersonRegion", "PersonCrop"]
    assert steps[2:] == [dict(type="GenerateTarget", encoder=codec), dict(type="PackPoseInputs")]
    assert [step["type"] for step in val["dataset"]["pipeline"]] == ["PersonCrop"]
    names = ("model", "train_dataloader", "val_dataloader", "test_dataloader")
    again = with_codec(dict(zip(names, (model, train, val, val), strict=True)), UDP)
    assert again[1]["dataset"]["pipeline"][2]["encoder"] == UDP
    assert again[0]["data_preprocessor"]["encoder"] is None


def test_the_base_stays_as_it_is() -> None:
    config = drawing_base()
    with_codec(config, UDP)
    with_codec(config, dict(UDP, heatmap_type="combined"))
    assert config == drawing_base()


def test_a_sigma_that_mmpose_draws_wrongly_is_refused() -> None:
    with pytest.raises(ValueError, match=r"sigma is 1\.5.*4 / 3"):
        with_codec(base(), dict(OLD, sigma=1.5))
    with_codec(base(), dict(OLD, sigma=4 / 3))
    with_codec(base(), dict(OLD, sigma=1.5, unbiased=True))
