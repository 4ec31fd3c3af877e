"""Let MMPose 1.3.2 run on today's PyTorch, mmcv-lite, setuptools and Python.

One tolerance per module. Each is narrow, does nothing where it is not needed, and is applied by
`import mmhg`; none turns a safety check off. Two add safety to mmengine: nothing of a checkpoint is
run (`checkpoint_loading`), and files are written whole or not at all (`whole_files`).
"""

__all__ = ["apply"]


def apply() -> None:
    """Apply every tolerance that this environment needs. It is safe to call again.

    Raises:
        ImportError: OpenMMLab's stack is missing; the message says what to install.
    """
    from mmhg.compat import openmmlab

    openmmlab.check_installed()
    from mmhg.compat import (
        checkpoint_loading,
        circle_radius,
        compiled_ops,
        cpu_distributed,
        default_detector,
        flexible_runner,
        package_lookup,
        torchvision_import,
        whole_files,
        xtcocotools_import,
    )

    package_lookup.apply()
    xtcocotools_import.apply()
    compiled_ops.apply()
    torchvision_import.apply()
    checkpoint_loading.apply()
    whole_files.apply()
    circle_radius.apply()
    cpu_distributed.apply()
    default_detector.apply()
    flexible_runner.apply()
