"""Where table expressions run: DuckDB inside the process, SQLite for a few people, Spark for a city or province."""

from lianfang.engine.backends.constants import Constant
from lianfang.engine.backends.embedded import Stages
from lianfang.engine.backends.few_rows import FewRows
from lianfang.engine.backends.translations import Translations, UntranslatableError

__all__ = ["Constant", "FewRows", "Stages", "Translations", "UntranslatableError"]
