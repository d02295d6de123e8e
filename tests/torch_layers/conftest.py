# SPDX-License-Identifier: BSD-3-Clause
"""One chip for the tests of a module, which are small."""

from collections.abc import Iterator

import pytest
import torch

import nuxkit.torch as nt
from nuxkit.inference.chip_pool import ChipPool


@pytest.fixture(autouse=True)
def one_thread_one_seed() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(1)


@pytest.fixture
def chip() -> Iterator[ChipPool]:
    with nt.init_hardware() as pool:
        yield pool
    nt.release_hardware()


@pytest.fixture
def linear_model() -> Iterator[float]:
    """Mock mode without noise, with a gain that does not saturate; gives the gain."""
    before = nt.get_mock_parameter()
    nt.set_mock_parameter(nt.MockParameter(noise_std=0, gain=1 / 512))
    yield 1 / 512
    nt.set_mock_parameter(before)
