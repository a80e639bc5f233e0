"""The addresses of the authorization server, and the documents in which clients find them.

Sources: https://hl7.org/fhir/smart-app-launch/STU2.2/conformance.html, OpenID Connect Discovery 1.0, RFC 8414.
"""

from dataclasses import dataclass
from typing import Any, Final

from xinglin.security.scopes import IDENTITY, LAUNCH
from xinglin.server.oauth.engine import ASSERTION_ALGORITHMS, GRANTS, METHODS

SMART: Final = "/fhir/.well-known/smart-configuration"
OPENID: Final = "/.well-known/openid-configuration"
METADATA: Final = "/.well-known/oauth-authorization-server"
SIGNS: Final = ("RS256", "ES256")

# https://hl7.org/fhir/smart-app-launch/STU2.2/conformance.html#capability-sets
CAPABILITIES: Final = (
    *("launch-ehr", "launch-standalone", "authorize-post", "client-public", "client-confidential-asymmetric"),
    *("sso-openid-connect", "context-ehr-patient", "context-ehr-encounter", "context-standalone-patient"),
    *("permission-offline", "permission-online", "permission-patient", "permission-user", "permission-v1"),
    "permission-v2",
)


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where things are. fhir: base of the FHIR interface, without a slash at the end."""

    fhir: str

    @property
    def issuer(self) -> str:
        """The name of this authorization server: the address above FHIR's."""
        return self.fhir.removesuffix("/fhir")

    def of(self, name: str) -> str:
        """Give the address of an endpoint."""
        return f"{self.issuer}/oauth/{name}"

    def is_audience(self, aud: str) -> bool:
        """Tell whether an app that names *aud* means this server."""
        return aud.rstrip("/") == self.fhir

    @property
    def audiences(self) -> tuple[str, ...]:
        """For what an assertion of a client may be made: the token endpoint, or the issuer."""
        return (self.of("token"), self.issuer, f"{self.issuer}/")


def smart_configuration(at: Addresses) -> dict[str, Any]:
    """Write what SMART clients look for."""
    return _shared(at) | {
        "associated_endpoints": [{"url": at.fhir, "capabilities": list(CAPABILITIES)}],
        "capabilities": list(CAPABILITIES),
        "management_endpoint": f"{at.issuer}/account",
    }


def openid_configuration(at: Addresses) -> dict[str, Any]:
    """Write what OpenID Connect clients look for."""
    return _shared(at) | {
        "userinfo_endpoint": at.of("userinfo"),
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": list(SIGNS),
        "claims_supported": ["iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "fhirUser", "profile"],
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
    }


def security(at: Addresses) -> dict[str, Any]:
    """Write CapabilityStatement.rest.security: where older SMART clients look."""
    places = {"authorize": "authorize", "token": "token", "register": "register", "introspect": "introspect"}
    places |= {"revoke": "revoke"}
    return {
        "cors": True,
        "service": [
            {
                "coding": [
                    {
                        "system": "http://terminology.hl7.org/CodeSystem/restful-security-service",
                        "code": "SMART-on-FHIR",
                    }
                ]
            }
        ],
        "extension": [
            {
                # The name that SMART App Launch gives this extension; clients compare it letter by letter.
                "url": "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris",
                "extension": [{"url": name, "valueUri": at.of(place)} for name, place in places.items()],
            }
        ],
    }


def _shared(at: Addresses) -> dict[str, Any]:
    return {
        "issuer": at.issuer,
        "jwks_uri": at.of("jwks"),
        "authorization_endpoint": at.of("authorize"),
        "token_endpoint": at.of("token"),
        "registration_endpoint": at.of("register"),
        "introspection_endpoint": at.of("introspect"),
        "revocation_endpoint": at.of("revoke"),
        "grant_types_supported": list(GRANTS),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "authorization_response_iss_parameter_supported": True,
        "token_endpoint_auth_methods_supported": list(METHODS),
        "token_endpoint_auth_signing_alg_values_supported": list(ASSERTION_ALGORITHMS),
        "introspection_endpoint_auth_methods_supported": list(METHODS),
        "introspection_endpoint_auth_signing_alg_values_supported": list(ASSERTION_ALGORITHMS),
        "revocation_endpoint_auth_methods_supported": list(METHODS),
        "revocation_endpoint_auth_signing_alg_values_supported": list(ASSERTION_ALGORITHMS),
        "code_challenge_methods_supported": ["S256"],
        "scopes_supported": [
            *sorted(IDENTITY | LAUNCH),
            *("patient/*.rs", "patient/*.cruds", "user/*.rs", "user/*.cruds", "system/*.rs", "system/*.cruds"),
            *("patient/*.read", "patient/*.write", "patient/*.*", "user/*.read", "user/*.write", "user/*.*"),
            *("system/*.read", "system/*.write", "system/*.*"),
        ],
    }
