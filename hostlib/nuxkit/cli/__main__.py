# SPDX-License-Identifier: BSD-3-Clause
"""``python -m nuxkit.cli`` is the ``nuxkit`` command."""

import sys

from nuxkit.cli import main

sys.exit(main())
