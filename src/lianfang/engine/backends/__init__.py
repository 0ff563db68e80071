"""Where table expressions run: DuckDB inside the process, SQLite for a few people, Spark for a city or province."""

from lianfang.engine.backends.constants import Constant
from lianfang.engine.backends.dialects import UntranslatableError
from lianfang.engine.backends.embedded import Stages
from lianfang.engine.backends.few_rows import FewRows

__all__ = ["Constant", "FewRows", "Stages", "UntranslatableError"]
