"""One Java machine for all tests of Spark: what it has loaded and compiled for one, it has for the next."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.backends.spark import SETTINGS, need_spark

# On the cluster of the killed worker; Spark on this machine alone does not look at them.
OF_WORKERS = {
    "spark.executor.memory": "512m",
    "spark.executor.cores": "1",
    "spark.cores.max": "2",
    "spark.executor.extraJavaOptions": SETTINGS["spark.driver.extraJavaOptions"],
}
DAEMON = {"SPARK_DAEMON_MEMORY": "192m", "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_DAEMON_JAVA_OPTS": "-XX:+UseSerialGC"}


@pytest.fixture(scope="package")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """What a site says in spark-defaults.conf, for this process and those that it starts."""
    need_spark()
    conf = tmp_path_factory.mktemp("conf")
    lines = "\n".join(f"{name} {value}" for name, value in (SETTINGS | OF_WORKERS).items())
    (conf / "spark-defaults.conf").write_text(f"{lines}\n", encoding="utf-8")
    given = {**DAEMON, "SPARK_CONF_DIR": str(conf)}
    with pytest.MonkeyPatch.context() as patched:
        for name, value in given.items():
            patched.setenv(name, value)
        yield {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        _end_java()


def _end_java() -> None:
    from pyspark import SparkContext

    gateway = SparkContext._gateway
    if gateway is not None:
        gateway.shutdown()
        gateway.proc.stdin.close()
        gateway.proc.wait(60)
        SparkContext._gateway = SparkContext._jvm = None


@pytest.fixture(scope="package")
def programs() -> Path:
    """Spark's own start scripts."""
    need_spark()
    import pyspark

    return Path(pyspark.__file__).parent / "bin"
