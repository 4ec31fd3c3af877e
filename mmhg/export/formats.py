"""Write networks in each file format.

Shape shorthand in this module: N images.
"""

from __future__ import annotations

import importlib
import json
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from mmhg.errors import InputError
from mmhg.export.predict import FILES

INPUT_NAME = "images"
METADATA_NAME = "mmhg"
"""OpenVINO's key of our metadata. ONNX's keys begin with it and a dot."""


class Job(NamedTuple):
    """A network and the file to write it to.

    Attributes:
        network: Maps images (N, 3, height, width) to a tuple of tensors.
        images: An example; N > 1 if N is left open.
        path: The file.
        output_names: Names of the network's tensors.
        dynamic_batch: Leave N open.
        half: Store weights in half the space, if the writer can do that.
        metadata: Kept inside the file, as JSON.
    """

    network: nn.Module
    images: Tensor
    path: Path
    output_names: list[str]
    dynamic_batch: bool
    half: bool
    metadata: Mapping[str, Any]


class Format(NamedTuple):
    """A file format.

    Attributes:
        file: Name of the file in the folder.
        write: Its writer.
        packages: The packages that writing and running it need, besides torch for the writing.
        half_in_network: For `--half` the network itself must compute in float16.
    """

    file: str
    write: Callable[[Job], None]
    packages: tuple[str, ...]
    half_in_network: bool


def write_onnx(job: Job) -> None:
    """Write ONNX in one file, with `metadata_props`."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    # It warns about each operator of torchvision where that package is absent.
    logger.setLevel(logging.ERROR)
    try:
        program = torch.onnx.export(
            job.network,
            (job.images,),
            input_names=[INPUT_NAME],
            output_names=job.output_names,
            dynamic_shapes=_dynamic_shapes(job),
            dynamo=True,
            verbose=False,
        )
    finally:
        logger.setLevel(level)
    assert program is not None
    for key, value in job.metadata.items():
        program.model.metadata_props[f"{METADATA_NAME}.{key}"] = json.dumps(value)
    program.save(job.path, external_data=False)


def _dynamic_shapes(job: Job) -> dict[str, Any] | None:
    return {INPUT_NAME: {0: torch.export.Dim.DYNAMIC}} if job.dynamic_batch else None


def write_openvino(job: Job) -> None:
    """Write OpenVINO's `.xml` and `.bin`, with `rt_info`. `half` stores weights in float16."""
    import openvino

    model = openvino.convert_model(job.network, example_input=job.images)
    shape = [-1 if job.dynamic_batch else 1, *job.images.shape[1:]]
    model.reshape(shape)
    model.input(0).get_tensor().set_names({INPUT_NAME})
    for output, name in zip(model.outputs, job.output_names, strict=True):
        output.get_tensor().set_names({name})
    for key, value in job.metadata.items():
        model.set_rt_info(json.dumps(value), [METADATA_NAME, key])
    openvino.save_model(model, job.path, compress_to_fp16=job.half)


def write_torchscript(job: Job) -> None:
    """Write a traced TorchScript program, with the extra file `model.json`. It takes any N."""
    traced = torch.jit.trace(job.network, job.images)
    torch.jit.save(traced, str(job.path), _extra_files={"model.json": json.dumps(job.metadata)})


def write_torch_export(job: Job) -> None:
    """Write `torch.export`'s program, with the extra file `model.json`."""
    program = torch.export.export(job.network, (job.images,), dynamic_shapes=_dynamic_shapes(job))
    torch.export.save(program, job.path, extra_files={"model.json": json.dumps(job.metadata)})


FORMATS = {
    "onnx": Format(FILES["onnx"], write_onnx, ("onnx", "onnxscript", "onnxruntime"), True),
    "openvino": Format(FILES["openvino"], write_openvino, ("openvino",), False),
    "torchscript": Format(FILES["torchscript"], write_torchscript, (), True),
    "torch_export": Format(FILES["torch_export"], write_torch_export, (), True),
}


def find_format(name: str) -> Format:
    """Return the format of that name.

    Raises:
        InputError: There is none, or a package that it needs is not installed.
    """
    if name not in FORMATS:
        raise InputError(f"format {name!r} is unknown. There are {', '.join(FORMATS)}")
    for package in FORMATS[name].packages:
        try:
            importlib.import_module(package)
        except ImportError as error:
            raise InputError(
                f"format {name} needs the package {package}, which does not import ({error}). "
                "Use pip install onnx onnxscript onnxruntime openvino, or mmhg[export]"
            ) from error
    return FORMATS[name]
