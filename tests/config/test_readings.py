"""How many processes read the files of one command."""

import pytest

from lianfang.config.cli.readings import WORTH_A_PROCESS, workers_for


@pytest.mark.parametrize(
    ("files", "size", "cores", "workers"),
    [
        (0, 0, 2, 1),
        (16, 16, 2, 1),
        (16, 16 * WORTH_A_PROCESS, 2, 2),
        (3, 30 * WORTH_A_PROCESS, 2, 3),
        (2, 30 * WORTH_A_PROCESS, 2, 2),
        (3, 30 * WORTH_A_PROCESS, 8, 3),
        (4, 1, 8, 1),
    ],
)
def test_large_files_are_read_side_by_side_and_a_few_with_one_process_more(files, size, cores, workers):
    assert workers_for(files, size, cores=cores) == workers
