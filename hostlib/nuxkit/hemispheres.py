# SPDX-License-Identifier: BSD-3-Clause
"""The two halves of the chip, each with a processor and a synapse array."""

HEMISPHERES = (0, 1)
HEMISPHERE_NAMES = ("top", "bottom")
