# SPDX-License-Identifier: BSD-3-Clause
"""Fuzzing of what reads untrusted data: programs, code, saved states.

`PYTHONPATH=tests python -m fuzz.run` does the long run; test_fuzz.py a hundredth of it.
"""
