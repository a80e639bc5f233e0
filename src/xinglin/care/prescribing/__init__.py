"""Checks of a prescription (处方审核): one set for physician, pharmacist, pharmacy and insurer.

`forms` says what is looked at, `checks.check` looks; `quantities` counts packages and days, `supply` says by which ways
a prescription may be supplied, `doses` reckons a dose. Lists are data with their source in ``care/data``.
"""
