# SPDX-License-Identifier: BSD-3-Clause
# The native core, built by build_native.py from native/cdef/*.h.
from typing import Any

ffi: Any
lib: Any
