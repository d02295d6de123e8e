# SPDX-License-Identifier: BSD-3-Clause
"""Build of the native core; everything else is declared in pyproject.toml."""

from setuptools import setup

setup(cffi_modules=["emulator/nuxemu/build_native.py:ffibuilder"])
