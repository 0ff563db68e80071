"""Stands before pandas on the path of measured product processes, so that they find none, as where it is installed.

Lianfang does not depend on pandas; only the peer does. Where pandas is there, pyarrow imports it, which costs every
process one to two seconds that no user pays.
"""

raise ImportError("not part of what Lianfang installs")
