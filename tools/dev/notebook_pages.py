"""Show notebooks as pages of the site: a hook of mkdocs.

`docs/notebooks/NAME.ipynb`, with the outputs that it holds, becomes the page `notebooks/NAME.md`.
"""

from pathlib import PurePosixPath

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from nbconvert import MarkdownExporter


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add a page, and its pictures, for each notebook."""
    for notebook in [file for file in files if file.src_uri.endswith(".ipynb")]:
        path = PurePosixPath(notebook.src_uri)
        text, resources = MarkdownExporter().from_filename(notebook.abs_src_path)
        files.append(File.generated(config, str(path.with_suffix(".md")), content=text))
        for name, picture in resources["outputs"].items():
            files.append(File.generated(config, str(path.with_name(name)), content=picture))
    return files
