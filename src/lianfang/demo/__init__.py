"""Generated people for demonstrations and tests, and the scoring of an answer against what was planted.

Shares nothing with the engine, so that a mistake in one cannot hide a mistake in the other.
"""

from lianfang.demo.generate import DEFAULT_AS_OF, FEWEST, MOST, DemoFiles, write_demo
from lianfang.demo.rendering import render
from lianfang.demo.scoring import NotAnAnswerError, Scores, score

__all__ = [
    "DEFAULT_AS_OF",
    "FEWEST",
    "MOST",
    "DemoFiles",
    "NotAnAnswerError",
    "Scores",
    "render",
    "score",
    "write_demo",
]
