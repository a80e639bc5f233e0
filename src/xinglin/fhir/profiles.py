"""Check a resource against the profiles that it claims in meta.profile."""

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache

from msgspec import Struct

from xinglin.fhir.declarations import CodeSet, Profile
from xinglin.fhir.fhirpath.compile import compile_path
from xinglin.fhir.outcome import Issue

Path = Callable[[Struct], list[tuple[str, object]]]


def profile_issues(
    resource: Struct, profiles: Mapping[str, Profile], code_sets: Mapping[str, CodeSet]
) -> tuple[Issue, ...]:
    """Give all faults of *resource* against those of *profiles* (by url) that it claims; others are not judged."""
    meta = getattr(resource, "meta", None)
    claimed = getattr(meta, "profile", None)
    if not claimed or not profiles:
        return ()
    return tuple(
        issue
        for url in claimed
        if (profile := profiles.get(url.partition("|")[0])) is not None
        for issue in _issues(resource, profile, code_sets)
    )


def _issues(resource: Struct, profile: Profile, code_sets: Mapping[str, CodeSet]) -> Iterator[Issue]:
    type_name = type(resource).__name__
    if type_name != profile.on:
        yield Issue("invalid", "profile-type", type_name, f"The profile {profile.url} is for {profile.on}.")
        return
    for path in profile.required:
        if not _path(path, type_name)(resource):
            yield Issue("required", "profile-required", f"{type_name}.{path}", f"{profile.url} requires {path}.")
    for path, url in profile.bindings.items():
        codes = code_sets[url]
        for _, value in _path(path, type_name)(resource):
            if not any(system in {None, codes.system} and code in codes.codes for system, code in _codes(value)):
                where = f"{type_name}.{path}"
                yield Issue("code-invalid", "profile-binding", where, f"{path} must hold a code of {url}.")


def _codes(value: object) -> Iterator[tuple[str | None, str]]:
    """Give (system, code) of a code, Coding or CodeableConcept; the system of a bare code is None."""
    if isinstance(value, str):
        yield None, value
    codings = getattr(value, "coding", None)
    for coding in [value] if codings is None else codings:
        code = getattr(coding, "code", None)
        if code is not None:
            yield getattr(coding, "system", None) or "", code


@lru_cache(maxsize=4096)
def _path(path: str, type_name: str) -> Path:
    return compile_path(f"{type_name}.{path}", type_name)
