# SPDX-License-Identifier: BSD-3-Clause
"""Many calls of one function with different parameters, over processes or a Dask cluster."""

from nuxkit.sweeps.sweep import sweep

__all__ = ["sweep"]
