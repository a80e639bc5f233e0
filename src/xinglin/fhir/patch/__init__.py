"""PATCH as JSON Patch (RFC 6902) and as FHIRPath Patch (http://hl7.org/fhir/R4/fhirpatch.html).

Documents are decoded with ``float_hook=Decimal`` (`document_of`), so that digits survive.
"""

from xinglin.fhir.document import bytes_of, document_of
from xinglin.fhir.patch.fhirpath import fhirpath_patch
from xinglin.fhir.patch.json import json_patch

__all__ = ["bytes_of", "document_of", "fhirpath_patch", "json_patch"]
