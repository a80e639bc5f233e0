"""Outside systems, simulated: each a separate process (`xinglin simulate NAME`) with faults by POST /faults."""
