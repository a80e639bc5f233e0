"""Insurance (医保结算): a bill is reckoned, settled and reversed with the insurer, in its national form (docs/care.md).

For whoever bills, for insured persons, and for the insurer's clerk. It owns Coverage[coverage], Claim[settlement] and
ClaimResponse[settlement-result].
"""
