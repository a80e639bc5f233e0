"""Where the files of a package lie: templates, texts, static files."""

from importlib.resources import files
from pathlib import Path

Folder = Path


def folder_of(package: str) -> Folder:
    """Give the directory of an imported *package*; pages need real files, so a zipped package is refused."""
    folder = files(package)
    if not isinstance(folder, Path):
        raise TypeError(f"{package} is not installed as files")
    return folder
