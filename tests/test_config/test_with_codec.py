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


def test_the_base_stays_as_it_is() -> None:
    config = base()
    with_codec(config, UDP)
    assert config == base()


def test_a_sigma_that_mmpose_draws_wrongly_is_refused() -> None:
    with pytest.raises(ValueError, match=r"sigma is 1\.5.*4 / 3"):
        with_codec(base(), dict(OLD, sigma=1.5))
    with_codec(base(), dict(OLD, sigma=4 / 3))
    with_codec(base(), dict(OLD, sigma=1.5, unbiased=True))
