"""Texts stand in the catalogues, in both languages, and nowhere else."""

import re
from pathlib import Path
from string import Formatter

import msgspec
import pytest

from tests.conftest import ROOT
from xinglin.fhir.r4 import RESOURCES
from xinglin.web import names
from xinglin.web.catalogue import load

SOURCE = ROOT / "src/xinglin"
FOLDERS = tuple(sorted(path.parent for path in SOURCE.rglob("texts") if path.is_dir()))
TEMPLATES = tuple(sorted(SOURCE.rglob("templates/**/*.html")))
JINJA = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
CODE = re.compile(r"<(?:style|code)\b.*?</(?:style|code)>", re.DOTALL)
TAG = re.compile(r"<[^>]*>", re.DOTALL)
SPOKEN = re.compile(r"(?:aria-label|placeholder|title|alt|data-label)=\"([^\"{]*[^\W\d_][^\"{]*)\"")
KEY = re.compile(r"\bt\('([a-z0-9.\-_A-Z]+)'\s*[,)]")


def _texts(folder: Path, language: str) -> dict[str, str]:
    return msgspec.json.decode((folder / "texts" / f"{language}.json").read_bytes(), type=dict[str, str])


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda one: one.name)
def test_both_languages_have_the_same_keys(folder: Path) -> None:
    assert _texts(folder, "zh").keys() == _texts(folder, "en").keys()


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda one: one.name)
def test_both_languages_fill_in_the_same_values(folder: Path) -> None:
    def holes(text: str) -> set[str | None]:
        return {name for _, name, _, _ in Formatter().parse(text) if name}

    chinese, english = _texts(folder, "zh"), _texts(folder, "en")
    assert [key for key in chinese if holes(chinese[key]) != holes(english[key])] == []


def test_there_are_templates_and_catalogues() -> None:
    assert len(FOLDERS) >= 2
    assert len(TEMPLATES) >= 10


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda one: f"{one.parent.name}-{one.stem}")
def test_a_template_names_only_texts_that_exist(template: Path) -> None:
    known = load(FOLDERS, "zh")
    assert [key for key in KEY.findall(template.read_text("utf-8")) if key not in known] == []


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda one: f"{one.parent.name}-{one.stem}")
def test_a_template_holds_no_words_of_its_own(template: Path) -> None:
    bare = JINJA.sub("", template.read_text("utf-8"))
    assert _words(bare) == []


@pytest.mark.parametrize("bad", ["<p>Save</p>", "<p>保存</p>", '<input placeholder="Name">', "{{ x }} items"])
def test_words_in_a_template_are_seen(bad: str) -> None:
    assert _words(JINJA.sub("", bad))


def _words(bare: str) -> list[str]:
    spoken = SPOKEN.findall(bare)
    seen = TAG.sub("\n", CODE.sub("", bare))
    return spoken + [line.strip() for line in seen.splitlines() if re.search(r"[^\W\d_]", line)]


def test_a_text_chooses_singular_or_plural() -> None:
    texts = load([ROOT / "src/xinglin/web"], "en")
    assert texts("kit.slots-left", n=3) == "3 left"
    with pytest.raises(KeyError):
        texts("no.such.key")


def test_every_resource_type_has_a_chinese_name_of_its_own() -> None:
    said = {on: names.type_name(on, "zh") for on in RESOURCES}
    assert [on for on, name in said.items() if not re.search("[\u4e00-\u9fff]", name)] == []
    assert len(set(said.values())) == len(said)


@pytest.mark.parametrize(
    ("name", "said"),
    [("birthDate", "Birth date"), ("MedicationRequest", "Medication request"), ("clinical-status", "Clinical status")],
)
def test_a_fhir_name_is_split_into_words(name: str, said: str) -> None:
    assert names.words(name) == said


def test_the_name_of_a_path_wins_over_that_of_the_element() -> None:
    assert names.element_name("Patient.name", "zh") == "姓名"
    assert names.element_name("Organization.name", "zh") == "名称"
    assert names.element_name("Organization.name", "en") == "Name"
