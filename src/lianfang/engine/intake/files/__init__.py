"""Opening any file safely: spreadsheets and text become sheets of cells, everything else a clear refusal."""

from lianfang.engine.intake.files.contract import Limits, OpenedFile, RawSheet
from lianfang.engine.intake.files.opening import open_file
from lianfang.engine.intake.isolation import run_isolated

__all__ = ["Limits", "OpenedFile", "RawSheet", "open_file", "run_isolated"]
