"""Let mmengine write local files, checkpoints above all, whole or not at all.

mmengine empties a file before it writes it, so a killed training or a full disk leaves half a
checkpoint where a whole one was.
"""

from pathlib import Path

from mmhg.utils.files import replacing


def apply() -> None:
    """Register a storage backend for local files, by mmengine's own way of replacing one."""
    from mmengine.fileio import LocalBackend as InPlaceBackend
    from mmengine.fileio import register_backend

    class LocalBackend(InPlaceBackend):
        """Write beside the file, wait for the disk, then rename."""

        def put(self, obj: bytes, filepath: str | Path) -> None:
            """Write bytes, and make the folder if there is none."""
            Path(filepath).parent.mkdir(parents=True, exist_ok=True)
            with replacing(filepath, durable=True) as partial:
                partial.write_bytes(obj)

        def put_text(self, obj: str, filepath: str | Path, encoding: str = "utf-8") -> None:
            """Write a text, and make the folder if there is none."""
            self.put(obj.encode(encoding), filepath)

    register_backend("local", LocalBackend, force=True, prefixes="")
