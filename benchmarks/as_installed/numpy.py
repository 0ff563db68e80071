"""As pandas.py beside it: numpy comes with pandas and the other peers, and pyarrow imports it wherever it finds it."""

raise ImportError("not part of what Lianfang installs")
