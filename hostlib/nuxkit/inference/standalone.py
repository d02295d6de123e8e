# SPDX-License-Identifier: BSD-3-Clause
"""Networks that a processor runs alone: the host writes an input and reads the output."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from nuxemu import memory_map as mm
from nuxkit.builder import BuildResult, build
from nuxkit.builder.runtime import source_folder
from nuxkit.chip import Chip
from nuxkit.errors import InputError, NuxkitError

from .analog import attach
from .compiler import WEIGHTS_SIZE, WORKSPACE_SIZE, CompiledNetwork, compile_network
from .layers import Values
from .network import Network

_DTYPES: dict[Values, type[np.generic]] = {
    Values.CLASS: np.int64,
    Values.RESULTS: np.int8,
    Values.INPUTS: np.uint8,
}
_SOURCES = ("sequencer.c", "multiply.c", "elementwise.c", "reductions.c")


def build_sequencer() -> BuildResult:
    """Build the program that runs networks."""
    root = source_folder("kernels", "inference/sequencer.c", "the sequencer") / "inference"
    return build(
        *(root / name for name in _SOURCES),
        include_dirs=[root],
        defines={"WORKSPACE_SIZE": WORKSPACE_SIZE},
        optimize="-Os",
    )


@dataclass(frozen=True)
class Outputs:
    """What the processor made of samples.

    Attributes
    ----------
    values : ndarray, shape ``(samples, *output_shape)``
        Classes (int64), results (int8) or inputs (uint8), by the last layer.
    cycles : ndarray of int64, shape (samples,)
        Processor cycles of each sample, from its start to its end, modelled.
    layer_cycles : ndarray of int64, shape (samples, layers)
        Of these, those of each layer.
    """

    values: npt.NDArray[Any]
    cycles: npt.NDArray[np.int64]
    layer_cycles: npt.NDArray[np.int64]

    @property
    def time_s(self) -> npt.NDArray[np.float64]:
        """Hardware time of each sample, in seconds, modelled."""
        return self.cycles / mm.PPU_CLOCK_HZ


class Standalone:
    """A network on a processor.

    Description and weights are loaded once. For each sample the host writes the input, starts
    the processor, and reads the output; weights stay where they are.

    Parameters
    ----------
    network : Network or CompiledNetwork
    chip : Chip
        In the non-spiking mode (`nuxkit.inference.attach`); if it is not, it is put there, as an
        ideal one.
    hemisphere : int
        0 (top) or 1 (bottom).

    Attributes
    ----------
    compiled : CompiledNetwork
    chip : Chip
    hemisphere : int

    Raises
    ------
    nuxkit.InputError
        The network does not fit into the memories.
    """

    def __init__(
        self,
        network: Network | CompiledNetwork,
        chip: Chip,
        *,
        hemisphere: int = 0,
    ) -> None:
        self.compiled = compile_network(network) if isinstance(network, Network) else network
        self.chip, self.hemisphere = chip, hemisphere
        if self.compiled.plan.used > WORKSPACE_SIZE:
            raise InputError(
                f"the network was compiled for a workspace of {self.compiled.plan.used} bytes or "
                f"more, but the program has {WORKSPACE_SIZE}"
            )
        self._program = chip.load(build_sequencer(), hemisphere=hemisphere)
        if chip.synram[hemisphere].analog is None:
            attach(chip)
        self._workspace = self._program.symbols["workspace"].address
        ppu = chip.ppu[hemisphere]
        ppu.write(self._workspace, self.compiled.workspace)
        first = hemisphere * WEIGHTS_SIZE
        ppu.write(mm.DRAM_DATA_BASE + first, self.compiled.weights)
        chip.write("weights_begin", first // mm.VECTOR_BYTES, hemisphere=hemisphere)

    def run(self, samples: npt.ArrayLike) -> Outputs:
        """Compute samples, one after the other.

        Parameters
        ----------
        samples : array_like of int, shape ``(batch, *input_shape)``
            As `Network.inputs` takes them.

        Returns
        -------
        Outputs

        Raises
        ------
        nuxkit.InputError
            Naming the sample that is out of range, or if another program was loaded since.
        """
        network = self.compiled.network
        inputs = network.inputs(samples)
        if not self.chip.has_program(self._program, hemisphere=self.hemisphere):
            raise InputError("another program was loaded since: make a new Standalone")
        found, cycles, layers = [], [], []
        for sample in inputs:
            self._write(sample)
            result = self.chip.run(hemisphere=self.hemisphere)
            if result.return_code != 0:
                raise NuxkitError(f"the sequencer refused the description: {result.return_code}")
            cycles.append(result.cycles)
            spent = self.chip.read("operation_cycles", hemisphere=self.hemisphere)
            layers.append(np.asarray(spent, np.int64)[: len(network.layers)])
            found.append(self._output())
        shape, dtype = network.shapes[-1], self._dtype
        return Outputs(
            np.array(found, dtype).reshape(len(inputs), *shape),
            np.array(cycles, np.int64),
            np.array(layers, np.int64).reshape(len(inputs), len(network.layers)),
        )

    def classify(self, samples: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Classes of samples; the network must end with `Argmax`.

        Returns
        -------
        ndarray of int64, shape (batch,)
        """
        if self.compiled.network.values[-1] is not Values.CLASS:
            raise InputError("the network has no class as output: its last layer is no Argmax")
        return self.run(samples).values

    @property
    def _dtype(self) -> type[np.generic]:
        return _DTYPES[self.compiled.network.values[-1]]

    def _write(self, sample: npt.NDArray[np.uint8]) -> None:
        place = self._workspace + self.compiled.plan.input
        self.chip.ppu[self.hemisphere].write(place, sample.tobytes())

    def _output(self) -> Any:
        network = self.compiled.network
        if network.values[-1] is Values.CLASS:
            return self.chip.read("network_class", hemisphere=self.hemisphere)
        place = self._workspace + self.compiled.plan.targets[-1]
        count = int(np.prod(network.shapes[-1]))
        return np.frombuffer(self.chip.ppu[self.hemisphere].read(place, count), self._dtype)
