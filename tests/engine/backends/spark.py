"""Whether Spark can be run here, and with what."""

from __future__ import annotations

import os
import shutil
from importlib.util import find_spec

import pytest

# Few people: more partitions would only cost time.
SETTINGS = {
    "spark.sql.shuffle.partitions": "2",
    "spark.default.parallelism": "2",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.sql.adaptive.enabled": "false",
    # Compiling a thousand expressions takes longer than interpreting them over a thousand rows.
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    # Most of the time goes into loading Spark, whose classes nobody has tampered with.
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:+UnlockDiagnosticVMOptions "
    "-XX:-BytecodeVerificationRemote",
    "spark.driver.memory": "1g",
    "spark.log.level": "ERROR",
}


def need_spark() -> None:
    """Skip where a part is missing; with CI=true that is a failure."""
    missing = [name for name, there in (("pyspark", find_spec("pyspark")), ("java", shutil.which("java"))) if not there]
    if not missing:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(f"missing: {', '.join(missing)} (tools/test_needs.sh)")
    pytest.skip(f"missing: {', '.join(missing)}")
