"""Metric math: CloudWatch's expressions over time series. Pure.

`parse` turns text into a tree, `Evaluator` computes trees over the series of one query.
"""

from localcloud.observe.mathexpr.evaluate import Evaluator
from localcloud.observe.mathexpr.series import MathError, Series, Value
from localcloud.observe.mathexpr.syntax import Node, names_in, parse

__all__ = ["Evaluator", "MathError", "Node", "Series", "Value", "names_in", "parse"]
