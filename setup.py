"""Build of the wheel: the package, and beside it what mim looks for, in `mmhg/.mim`."""

from __future__ import annotations

import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
MIM_FILES = ("configs", "tools", "model-index.yml")


def version() -> str:
    text = (ROOT / "mmhg" / "version.py").read_text(encoding="utf-8")
    return text.partition('__version__ = "')[2].partition('"')[0]


class BuildWithMim(build_py):
    """Copy configs, tools and the model index to `mmhg/.mim`, in the build only.

    An editable installation works on the clone, where mmhg finds `configs/` itself.
    """

    def run(self) -> None:
        super().run()
        if self.editable_mode:
            return
        target = Path(self.build_lib) / "mmhg" / ".mim"
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        for name in MIM_FILES:
            source = ROOT / name
            if source.is_dir():
                ignored = shutil.ignore_patterns("__pycache__", "dev")
                shutil.copytree(source, target / name, ignore=ignored)
            else:
                shutil.copy2(source, target)


setup(
    name="mmhg",
    version=version(),
    description="The Stacked Hourglass network (Newell, Yang, Deng, ECCV 2016) for MMPose",
    long_description=(ROOT / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    license_files=["LICENSE", "NOTICE"],
    keywords=["pose estimation", "stacked hourglass", "MMPose", "OpenMMLab", "MPII"],
    classifiers=[
        "Development Status :: 4 - Beta",
        "Intended Audience :: Science/Research",
        "Operating System :: POSIX :: Linux",
        "Programming Language :: Python :: 3",
        *(f"Programming Language :: Python :: 3.{minor}" for minor in range(10, 14)),
        "Topic :: Scientific/Engineering :: Image Recognition",
        "Typing :: Typed",
    ],
    python_requires=">=3.10,<3.14",
    # OpenMMLab's packages and torch are not listed: pip would resolve mmpose's own requirements,
    # and fails on chumpy. `import mmhg` checks for them and says what to install.
    # Nor is OpenCV: opencv-python and opencv-python-headless overwrite each other.
    install_requires=[
        *("h5py", "matplotlib", "numpy", "pillow", "pycocotools"),
        *("pyyaml", "rich", "safetensors", "scipy", "tabulate"),
    ],
    extras_require={
        # What `mmhg export` and the folders that it writes need beside torch.
        "export": ["onnx>=1.19", "onnxruntime>=1.22", "onnxscript>=0.5", "openvino>=2025.3"],
    },
    entry_points={"console_scripts": ["mmhg = mmhg_cli:main"]},
    packages=find_packages(include=["mmhg", "mmhg.*", "mmhg_cli", "mmhg_cli.*"]),
    package_data={
        "mmhg": [
            "py.typed",
            "datasets/splits/*.txt",
            "demo/page/*",
            "results/published.json",
            "weights/*",
        ]
    },
    cmdclass={"build_py": BuildWithMim},
    zip_safe=False,
)
