"""Tell whether two records are of one person: comparators, Fellegi-Sunter weights learnt by EM, keys of blocks.

Pure: values in, values out. What is compared, and with which weights, is data (`data/*.json`), so that one engine
serves the residents of a city and the records of a benchmark alike. Sources: Fellegi and Sunter, "A Theory for Record
Linkage", JASA 64 (1969); Winkler, "Using the EM Algorithm for Weight Computation", 1988; CD-11.
"""
