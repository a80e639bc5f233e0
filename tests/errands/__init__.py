"""A small capability that declares one of each thing: errands (跑腿), Tasks that a runner claims; for tests only."""
