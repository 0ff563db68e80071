"""Door-to-door sweeps (敲门行动、扫楼): stairwells over teams, visits, and what differs from the roster."""
