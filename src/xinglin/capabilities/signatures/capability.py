"""Everything that signatures add."""

from functools import partial

from xinglin.capabilities.signatures import contract, jobs, policy, rules
from xinglin.capabilities.signatures.gateways import BUILT_IN
from xinglin.capabilities.signatures.operations.sign import sign
from xinglin.capabilities.signatures.operations.verify import verify
from xinglin.fhir.declarations import Text
from xinglin.registry import Capability, Handler, Invariant, Job
from xinglin.settings import Settings


def declare(settings: Settings) -> Capability:
    """Give the table of contents."""
    return Capability(
        name="signatures",
        title=Text("电子签名", "Electronic signatures"),
        invariants=(Invariant("Provenance", rules.signed_stays),),
        operations=(
            *(
                Handler(operation, partial(sign, type_name=on, gateways=BUILT_IN))
                for on, operation in contract.SIGN.items()
            ),
            *(
                Handler(operation, partial(verify, type_name=on, gateways=BUILT_IN))
                for on, operation in contract.VERIFY.items()
            ),
        ),
        grants=policy.GRANTS,
        jobs=(Job(contract.SWEEP, partial(jobs.sweep, gateways=BUILT_IN), every="0 17 * * 6"),),
    )
