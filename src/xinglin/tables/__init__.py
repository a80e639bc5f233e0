"""National tables and catalogues as data: one CSV a table, said in `data/index.csv`; read once, never written.

`codes` reads any of them as concepts, `divisions` the counties, towns and villages, `catalogues` drugs, slices,
laboratory items and services.
"""
