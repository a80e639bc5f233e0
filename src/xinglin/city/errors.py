"""How clerks err: second records of the same person, with the faults that registration desks make, and what was wrong.

The model: what is wrong with a second record is drawn field by field, each with a share of its own (`SHARES`), and at
least one field is. Kinds of faults follow what is published of registers and of generators such as FEBRL's (typing,
swapping, hearing, leaving out); for Chinese records: characters of the same sound, variant characters, surname and
given name swapped, month and day swapped, years counted wrongly, numbers of fifteen digits. Shares are design.
The truth stands in tags: whose record it is, and what was done.
"""

from collections.abc import Callable, Mapping
from copy import deepcopy
from datetime import date, timedelta
from typing import Final

from xinglin.city.stream import Stream
from xinglin.city.terms import HEALTH_CARD, HEALTH_RECORD, META, Json, system
from xinglin.security.identifiers import IDENTITY_CARD, PersonNumber, person_number

DUPLICATE: Final = system("synthetic-duplicate")  # code: the id of the Patient who it is
ERROR: Final = system("synthetic-error")  # codes: of SHARES
# What goes wrong, and with how many of the records.
SHARES: Final[Mapping[str, float]] = {
    "number-missing": 0.22,
    "number-typo": 0.09,
    "number-swapped": 0.05,
    "number-15": 0.04,
    "name-sound": 0.12,
    "name-variant": 0.07,
    "name-order": 0.03,
    "name-short": 0.02,
    "name-spaced": 0.05,
    "birth-swapped": 0.04,
    "birth-typo": 0.05,
    "birth-year": 0.04,
    "birth-lunar": 0.03,
    "birth-first": 0.03,
    "sex-flipped": 0.012,
    "phone-changed": 0.30,
    "phone-typo": 0.07,
    "phone-missing": 0.10,
    "address-short": 0.25,
    "address-moved": 0.10,
    "address-house": 0.12,
    "address-missing": 0.06,
}
# Characters of names that sound alike (or nearly, as dialects hear them): each may be written for another of its row.
_SOUNDS: Final = tuple(
    "静婧靖 丽莉利 军君钧均 伟玮炜 艳燕雁 娟涓 红宏洪鸿 梅眉玫 霞侠夏 明鸣铭 建健剑 国果 志智致 海亥 "
    "强蔷 英瑛莹 秀绣 兰岚 芳方 玲铃琳林 敏闽民 涛滔 超朝 杰洁节 鹏朋 辉晖慧惠 宇雨羽语 轩萱宣 "
    "涵函寒 欣新心鑫馨 怡宜依 梓子紫 浩昊皓 然冉 博波 文雯闻 佳嘉家 晓小筱 亚雅 楠南男 婷亭庭 雪学 "
    "琴勤芹 荣蓉容 平萍苹 花华桦 珍真贞 桂贵 玉钰育 春纯 云芸 香湘 素淑 张章 王汪 李黎 "
    "陈程成 吴武伍 徐许 周邹 郑曾 冯逢 付傅 肖萧 阎闫 梁良 宋送 沈申 余于俞 魏卫 "
    "江姜 吕旅 石时 侯候".split()
)
_VARIANTS: Final = {
    "国": "國",
    "军": "軍",
    "华": "華",
    "丽": "麗",
    "兰": "蘭",
    "红": "紅",
    "伟": "偉",
    "强": "強",
    "张": "張",
    "刘": "劉",
    "陈": "陳",
    "杨": "楊",
    "赵": "趙",
    "孙": "孫",
    "马": "馬",
    "吴": "吳",
    "郑": "鄭",
    "宁": "寧",
    "云": "雲",
    "凤": "鳳",
    "龙": "龍",
    "飞": "飛",
    "学": "學",
    "峰": "峯",
    "群": "羣",
    "杰": "傑",
    "勋": "勳",
    "彩": "采",
}
_ALIKE: Final = {one: row.replace(one, "") for row in _SOUNDS for one in row}


def corrupt(patient: Json, stream: Stream) -> Json:
    """Give a second record of a Patient: as another desk wrote it, with at least one fault.

    Tags say whose it is (`DUPLICATE`) and what is wrong (`ERROR`). Record number and card are taken away, for the
    other institution knows neither. The number may be unsound: see `storable`.
    """
    made = deepcopy(patient)
    made.pop("generalPractitioner", None)
    made["identifier"] = [
        one for one in made.get("identifier", ()) if one["system"] not in {HEALTH_RECORD, HEALTH_CARD}
    ]
    done: list[str] = []
    while not done:
        for kind, share in SHARES.items():
            field = kind.partition("-")[0]
            free = not any(other.startswith(field) for other in done)
            if stream.unit() < share and free and _FAULTS[kind](made, stream):
                done.append(kind)
    made["meta"] = {
        "tag": [
            *META["tag"],
            {"system": DUPLICATE, "code": patient["id"]},
            *({"system": ERROR, "code": kind} for kind in done),
        ]
    }
    return made


def storable(patient: Json, until: date) -> Json:
    """Leave out a number that the platform refuses, as a desk does that cannot enter it.

    Refused are unsound numbers (R6-001), old ones (R6-002), and those that contradict birth date or sex (R6-004).
    """
    kept = []
    for one in patient["identifier"]:
        if one["system"] == IDENTITY_CARD:
            read = person_number(one["value"], until)
            if not isinstance(read, PersonNumber):
                continue
            if read.born.isoformat() != patient.get("birthDate") or read.gender != patient.get("gender"):
                continue
        kept.append(one)
    made = patient | {"identifier": kept}
    if not kept:
        del made["identifier"]
    return made


def truth(patient: Json) -> str | None:
    """Tell whose second record a Patient is, by its tags; None when it is nobody's."""
    return next((one["code"] for one in patient["meta"]["tag"] if one["system"] == DUPLICATE), None)


def _number(made: Json) -> Json | None:
    return next((one for one in made["identifier"] if one["system"] == IDENTITY_CARD), None)


def _number_missing(made: Json, stream: Stream) -> bool:
    found = _number(made)
    if found is not None:
        made["identifier"].remove(found)
    return found is not None


def _number_typo(made: Json, stream: Stream) -> bool:
    found = _number(made)
    if found is None:
        return False
    found["value"] = _digit(found["value"], stream.below(17), stream)
    return True


def _number_swapped(made: Json, stream: Stream) -> bool:
    found = _number(made)
    return found is not None and _swapped(found, stream.between(6, 15))


def _number_15(made: Json, stream: Stream) -> bool:
    found = _number(made)
    if found is None or found["value"][6:8] != "19":
        return False
    found["value"] = found["value"][:6] + found["value"][8:17]
    return True


def _name_sound(made: Json, stream: Stream) -> bool:
    return _replace(made, stream, _ALIKE)


def _name_variant(made: Json, stream: Stream) -> bool:
    return _replace(made, stream, _VARIANTS)


def _name_order(made: Json, stream: Stream) -> bool:
    name = made["name"][0]
    given = "".join(name["given"])
    if len(given) == 2 and given[0] != given[1] and stream.chance(0.6):
        name["given"] = [given[::-1]]
        name["text"] = name["family"] + given[::-1]
        return True
    name["family"], name["given"], name["text"] = given, [name["family"]], given + name["family"]
    return True


def _name_short(made: Json, stream: Stream) -> bool:
    name = made["name"][0]
    given = "".join(name["given"])
    if len(given) < 2:
        return False
    name["given"] = [given[:-1]]
    name["text"] = name["family"] + given[:-1]
    return True


def _name_spaced(made: Json, stream: Stream) -> bool:
    name = made["name"][0]
    name["text"] = f"{name['family']} {''.join(name['given'])}"
    return True


def _birth_swapped(made: Json, stream: Stream) -> bool:
    year, month, day = made["birthDate"].split("-")
    if int(day) > 12 or day == month:
        return False
    made["birthDate"] = f"{year}-{day}-{month}"
    return True


def _birth_typo(made: Json, stream: Stream) -> bool:
    born = date.fromisoformat(made["birthDate"])
    return _born(made, born, born.replace(day=1) + timedelta(days=stream.below(28)))


def _birth_year(made: Json, stream: Stream) -> bool:
    born = date.fromisoformat(made["birthDate"])
    return _born(made, born, born.replace(year=born.year + stream.pick((-10, -1, -1, -2)), day=min(born.day, 28)))


def _birth_lunar(made: Json, stream: Stream) -> bool:
    """Write the day by the old calendar, three to seven weeks behind."""
    born = date.fromisoformat(made["birthDate"])
    return _born(made, born, born - timedelta(days=stream.between(20, 50)))


def _birth_first(made: Json, stream: Stream) -> bool:
    born = date.fromisoformat(made["birthDate"])
    return _born(made, born, born.replace(month=1, day=1))


def _born(made: Json, before: date, after: date) -> bool:
    made["birthDate"] = after.isoformat()
    return after != before


def _sex_flipped(made: Json, stream: Stream) -> bool:
    made["gender"] = "male" if made["gender"] == "female" else "female"
    made.pop("_gender", None)
    return True


def _phone_changed(made: Json, stream: Stream) -> bool:
    made["telecom"][0]["value"] = f"{made['telecom'][0]['value'][:3]}{stream.below(10**8):08d}"
    return True


def _phone_typo(made: Json, stream: Stream) -> bool:
    made["telecom"][0]["value"] = _digit(made["telecom"][0]["value"], stream.between(3, 10), stream)
    return True


def _phone_missing(made: Json, stream: Stream) -> bool:
    del made["telecom"]
    return True


def _address_short(made: Json, stream: Stream) -> bool:
    address = made["address"][0]
    address["text"] = address["text"].removeprefix("河南省").removeprefix("焦作市")
    if stream.chance(0.4):
        address["text"] = address["text"].removeprefix(address.get("district", ""))
        address.pop("extension", None)
    return True


def _address_moved(made: Json, stream: Stream) -> bool:
    house = f"新华街{stream.between(1, 300)}号院{stream.between(1, 9)}号楼"
    made["address"] = [
        {"use": "home", "text": f"焦作市解放区{house}", "city": "焦作市", "district": "解放区", "line": [house]}
    ]
    return True


def _address_house(made: Json, stream: Stream) -> bool:
    address = made["address"][0]
    digits = [place for place, one in enumerate(address["text"]) if one.isdigit()]
    if not digits:
        return False
    address["text"] = _digit(address["text"], stream.pick(digits), stream)
    address.pop("line", None)
    return True


def _address_missing(made: Json, stream: Stream) -> bool:
    del made["address"]
    return True


def _digit(text: str, place: int, stream: Stream) -> str:
    """Type another digit at a place."""
    wrong = str((int(text[place]) + stream.between(1, 9)) % 10)
    return text[:place] + wrong + text[place + 1 :]


def _swapped(found: Json, place: int) -> bool:
    """Swap two neighbours."""
    text = found["value"]
    found["value"] = text[:place] + text[place + 1] + text[place] + text[place + 2 :]
    return bool(found["value"] != text)


def _replace(made: Json, stream: Stream, table: Mapping[str, str]) -> bool:
    """Write another character of a name."""
    name = made["name"][0]
    family, given = name["family"], "".join(name["given"])
    places = [place for place, one in enumerate(family + given) if table.get(one)]
    if not places:
        return False
    place = stream.pick(places)
    written = family + given
    written = written[:place] + stream.pick(table[written[place]]) + written[place + 1 :]
    name["family"], name["given"], name["text"] = written[: len(family)], [written[len(family) :]], written
    return True


_FAULTS: Final[Mapping[str, Callable[[Json, Stream], bool]]] = {
    "number-missing": _number_missing,
    "number-typo": _number_typo,
    "number-swapped": _number_swapped,
    "number-15": _number_15,
    "name-sound": _name_sound,
    "name-variant": _name_variant,
    "name-order": _name_order,
    "name-short": _name_short,
    "name-spaced": _name_spaced,
    "birth-swapped": _birth_swapped,
    "birth-typo": _birth_typo,
    "birth-year": _birth_year,
    "birth-lunar": _birth_lunar,
    "birth-first": _birth_first,
    "sex-flipped": _sex_flipped,
    "phone-changed": _phone_changed,
    "phone-typo": _phone_typo,
    "phone-missing": _phone_missing,
    "address-short": _address_short,
    "address-moved": _address_moved,
    "address-house": _address_house,
    "address-missing": _address_missing,
}
