# SPDX-License-Identifier: BSD-3-Clause
"""Learning rules: what their files declare, the program around them, what they record."""

from nuxkit.rules.description import Observable, Parameter, RuleDescription, describe
from nuxkit.rules.instance import PopulationSite, ProjectionSite, RuleInstance
from nuxkit.rules.program import RuleProgram, RuleStatistics, make_program
from nuxkit.rules.records import Records
from nuxkit.rules.timer import Timer

__all__ = [
    "Observable",
    "Parameter",
    "PopulationSite",
    "ProjectionSite",
    "Records",
    "RuleDescription",
    "RuleInstance",
    "RuleProgram",
    "RuleStatistics",
    "Timer",
    "describe",
    "make_program",
]
