# SPDX-License-Identifier: BSD-3-Clause
"""Where the cycles of a program go: by function, line, instruction, rule and cause."""

from .costs import Cost, FunctionCost, LineCost
from .profile import Profile
from .rules import RuleCost, rule_costs

__all__ = ["Cost", "FunctionCost", "LineCost", "Profile", "RuleCost", "rule_costs"]
