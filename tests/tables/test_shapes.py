import pytest

from xinglin.tables.shapes import category_of, is_disease_code, is_operation_code, is_tcm_code, stands_alone


@pytest.mark.rule("ST-51")
@pytest.mark.parametrize("code", ["I10.x00", "I10.x00x002", "E11.900", "N08.300*", "A17.000†", "A17.000+"])
def test_a_code_of_the_clinical_edition_has_its_shape(code: str) -> None:
    assert is_disease_code(code)


@pytest.mark.rule("ST-51")
@pytest.mark.parametrize("code", ["I10", "I10.X00", "I10.9", "E11.9000", "e11.900", "I10.x00x02", "I10.x00x002**", ""])
def test_other_shapes_are_no_code_of_a_disease(code: str) -> None:
    assert not is_disease_code(code)


@pytest.mark.rule("ST-51")
def test_an_asterisk_code_is_no_main_diagnosis() -> None:
    assert not stands_alone("N08.300*")
    assert stands_alone("E11.200")
    assert stands_alone("A17.000†")


@pytest.mark.rule("ST-52")
def test_statistics_count_the_category() -> None:
    assert category_of("I10.x00x002") == "I10"
    assert category_of("E11.900") == "E11"
    with pytest.raises(ValueError, match=r"I10\.9"):
        category_of("I10.9")


@pytest.mark.rule("ST-53")
def test_operations_have_their_shape() -> None:
    assert all(map(is_operation_code, ("47.0100", "74.1x00", "36.0700x004")))
    assert not any(map(is_operation_code, ("47.01", "47.01000", "36.0700x04", "47.x100", "I10.x00")))


@pytest.mark.rule("ST-54")
def test_tcm_terms_have_letters_and_levels() -> None:
    assert all(map(is_tcm_code, ("A04", "A04.01.01", "B02.03", "C01.02.03.04")))
    assert not any(map(is_tcm_code, ("BNW010", "A4.1", "D04.01", "A04.")))
