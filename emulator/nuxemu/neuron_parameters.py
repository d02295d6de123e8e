# SPDX-License-Identifier: BSD-3-Clause
"""Parameters of the neuron circuits of one hemisphere, and their mismatch."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from nuxemu._native import ffi, lib
from nuxemu.array_input import ArrayTypeError, ArrayValueError
from nuxemu.correlation_config import fixed_pattern, spread_factors
from nuxemu.network_input import number

COUNT: int = lib.NUX_NEURONS

_Reals = npt.NDArray[np.float64]
_Flags = npt.NDArray[np.bool_]


def _native_limits() -> dict[str, tuple[float, float]]:
    table = lib.nux_neuron_parameter_limits()
    rows = (table[i] for i in range(lib.NUX_NEURON_REALS))
    return {ffi.string(row.name).decode(): (row.low, row.high) for row in rows}


#: Inclusive limits of each number; one whose upper limit is infinite may be infinite.
LIMITS = _native_limits()
FLAGS = ("enabled", "fire", "bypass", "conductance", "exponential", "adaptation")

_POTENTIALS = ("leak_lsb", "threshold_lsb", "reset_lsb", "e_exc_lsb", "e_inh_lsb", "v_exp_lsb")
_FACTORS = (
    "tau_mem_s",
    "tau_syn_exc_s",
    "tau_syn_inh_s",
    "charge_exc_lsb",
    "charge_inh_lsb",
    "refractory_time_s",
    "delta_t_lsb",
    "a",
    "b_lsb",
    "tau_w_s",
)
#: Least distance that mismatch leaves between reset and threshold.
RESET_GAP_LSB = 1.0
REVERSAL_GAP_LSB = float(lib.NUX_NEURON_REVERSAL_GAP_LSB)


def _broadcast(name: str, values: Any) -> npt.NDArray[Any]:
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise ArrayValueError(f"{name}: {error}") from error
    if array.shape not in ((), (COUNT,)):
        raise ArrayValueError(
            f"{name} has shape {array.shape}, but must be a number or have shape ({COUNT},)"
        )
    full = np.broadcast_to(array, (COUNT,)).copy()
    full.flags.writeable = False
    return full


def _refuse(name: str, array: npt.NDArray[Any], wrong: _Flags, demand: str) -> None:
    if wrong.any():
        at = int(np.argmax(wrong))
        raise ArrayValueError(f"{name}[{at}] is {array[at]:g}, but must be {demand}")


def _reals(name: str, values: Any) -> _Reals:
    array = _broadcast(name, values)
    if array.dtype.kind not in "iuf":
        raise ArrayTypeError(f"{name} has dtype {array.dtype}, but must hold real numbers")
    low, high = LIMITS[name]
    array = array.astype(np.float64)
    demand = f"from {low:g} to {high:g}" if high < np.inf else f"at least {low:g}"
    _refuse(name, array, ~((array >= low) & (array <= high)), demand)
    array.flags.writeable = False
    return array


def _flags(name: str, values: Any) -> _Flags:
    array = _broadcast(name, values)
    if array.dtype.kind != "b":
        raise ArrayTypeError(f"{name} has dtype {array.dtype}, but must hold True or False")
    return array


@dataclass(frozen=True, eq=False)
class NeuronParameters:
    """Parameters of the 256 neurons of a hemisphere, each one value for all or one per neuron.

    Potentials are in steps of the 8-bit CADC (LSB), times in seconds of hardware time. Every field
    holds a read-only array of shape (256,) afterwards. The equations are in
    ``docs/neuron_model.md``.

    Parameters
    ----------
    leak_lsb, threshold_lsb, reset_lsb : float or array_like
        Potential at rest, potential at which a spike is sent, and potential after it.
    tau_mem_s : float or array_like
        Membrane time constant; infinite: no leak, the neuron integrates.
    tau_syn_exc_s, tau_syn_inh_s : float or array_like
        Time constants of the synaptic currents.
    charge_exc_lsb, charge_inh_lsb : float or array_like
        By how much a membrane without leak moves in total per unit of synaptic weight.
    refractory_time_s : float or array_like
        For how long the membrane stays at the reset potential after a spike.
    e_exc_lsb, e_inh_lsb : float or array_like
        Reversal potentials of conductance-based synapses.
    v_exp_lsb, delta_t_lsb : float or array_like
        Where the exponential term sets in, and over which range it grows e-fold.
    a, b_lsb, tau_w_s : float or array_like
        Adaptation: strength per LSB of the membrane above leak (dimensionless), step per spike, and
        time constant. The adaptation is counted in LSB of membrane displacement.
    enabled : bool or array_like
        Whether the neuron takes part.
    fire : bool or array_like
        Whether there is a threshold; without one the neuron only integrates and can be read.
    bypass : bool or array_like
        Whether the neuron sends one spike per excitatory event of weight above 0, at once, without
        its membrane.
    conductance, exponential, adaptation : bool or array_like
        Conductance-based synapses; exponential term; adaptation.

    Raises
    ------
    ArrayTypeError
        If a number is not real or a flag not boolean.
    ArrayValueError
        If a shape is wrong, or a value is out of its limits (`LIMITS`); if a neuron that fires
        has its reset not below its threshold; if with conductance-based synapses the reversal
        potentials are not at least 1 LSB above and below the leak; if the exponential term is
        used without firing or without leak. Names parameter, neuron, value and limit.
    """

    leak_lsb: Any = 80.0
    threshold_lsb: Any = 125.0
    reset_lsb: Any = 70.0
    tau_mem_s: Any = 10e-6
    tau_syn_exc_s: Any = 5e-6
    tau_syn_inh_s: Any = 5e-6
    charge_exc_lsb: Any = 0.2
    charge_inh_lsb: Any = 0.2
    refractory_time_s: Any = 2e-6
    e_exc_lsb: Any = 250.0
    e_inh_lsb: Any = 30.0
    v_exp_lsb: Any = 115.0
    delta_t_lsb: Any = 4.0
    a: Any = 0.0
    b_lsb: Any = 5.0
    tau_w_s: Any = 100e-6
    enabled: Any = True
    fire: Any = True
    bypass: Any = False
    conductance: Any = False
    exponential: Any = False
    adaptation: Any = False

    def __post_init__(self) -> None:
        for field in fields(self):
            convert = _flags if field.name in FLAGS else _reals
            object.__setattr__(self, field.name, convert(field.name, getattr(self, field.name)))
        self._check_relations()

    def _check_relations(self) -> None:
        reset, threshold, leak = self.reset_lsb, self.threshold_lsb, self.leak_lsb
        for at in np.flatnonzero(self.fire & (reset >= threshold))[:1]:
            raise ArrayValueError(
                f"reset_lsb[{at}] is {reset[at]:g}, but must be below threshold_lsb[{at}], which "
                f"is {threshold[at]:g}"
            )
        demand = f"at least {REVERSAL_GAP_LSB:g} {{}} leak_lsb[{{}}], which is {{:g}}"
        for name, distance, side in (
            ("e_exc_lsb", self.e_exc_lsb - leak, "above"),
            ("e_inh_lsb", leak - self.e_inh_lsb, "below"),
        ):
            for at in np.flatnonzero(self.conductance & (distance < REVERSAL_GAP_LSB))[:1]:
                raise ArrayValueError(
                    f"{name}[{at}] is {getattr(self, name)[at]:g}, but with conductance-based "
                    f"synapses must be {demand.format(side, at, leak[at])}"
                )
        for at in np.flatnonzero(self.exponential & ~self.fire)[:1]:
            raise ArrayValueError(
                f"exponential[{at}] is True, but the term grows without end: fire[{at}] must be "
                f"True as well"
            )
        for at in np.flatnonzero(self.exponential & np.isinf(self.tau_mem_s))[:1]:
            raise ArrayValueError(
                f"tau_mem_s[{at}] is infinite, but must be finite where exponential is True"
            )

    def changed(self, columns: Any = None, **values: Any) -> NeuronParameters:
        """Parameters with some values replaced.

        Parameters
        ----------
        columns : slice or array_like, optional
            Which neurons; by default all.
        **values : float, bool or array_like
            New values by name, one for all chosen neurons or one for each.

        Returns
        -------
        NeuronParameters

        Raises
        ------
        ArrayTypeError, ArrayValueError
            As for the constructor; also if there is no such parameter or neuron, or a shape does
            not fit.
        """
        names = {field.name for field in fields(self)}
        whole = {}
        for name, value in values.items():
            if name not in names:
                raise ArrayTypeError(f"neurons have no parameter {name!r}")
            old = getattr(self, name)
            given = np.asarray(value)
            dtype = np.result_type(old, given) if given.dtype.kind in "iufb" else given.dtype
            if (old.dtype.kind == "b") != (given.dtype.kind == "b"):
                dtype = given.dtype  # refused by the constructor
            whole[name] = old.astype(dtype)
            try:
                whole[name][slice(None) if columns is None else columns] = given
            except (IndexError, ValueError) as error:
                raise ArrayValueError(f"{name} of the chosen neurons: {error}") from error
        return replace(self, **whole)

    def with_mismatch(
        self, seed: int, cv: float = 0.05, potential_sd_lsb: float = 1.0
    ) -> NeuronParameters:
        """Parameters with a fixed pattern from neuron to neuron.

        Times, charges and the strengths of exponential term and adaptation are multiplied by
        normal factors around 1, cut at 0.1 (as those of the correlation sensors); potentials
        are shifted. Every parameter has a pattern of its own. Values stay within their limits,
        resets at least 1 LSB below thresholds, and reversal potentials 1 LSB away from the leak.

        Parameters
        ----------
        seed : int
            Not negative; same seed, same pattern on every machine.
        cv : float
            Relative standard deviation of the factors, 0 to 1.
        potential_sd_lsb : float
            Standard deviation of the shifts, 0 to 100.

        Returns
        -------
        NeuronParameters

        Raises
        ------
        ArrayTypeError, ArrayValueError
            If the seed is not an integer or a value no number, or one is out of its range.
        """
        if isinstance(seed, bool) or not isinstance(seed, int | np.integer):
            raise ArrayTypeError(f"seed is {seed!r}, but must be an integer")
        if seed < 0:
            raise ArrayValueError(f"seed is {seed}, but must not be negative")
        for name, value, high in (("cv", cv, 1), ("potential_sd_lsb", potential_sd_lsb, 100)):
            number(name, value, 0, high)
        values = {}
        # The parameters' order counts up the streams of the seed.
        for stream, name in enumerate(LIMITS):
            value = getattr(self, name)
            if name in _FACTORS:
                value = value * spread_factors(int(seed), stream, (COUNT,), cv)
            elif potential_sd_lsb > 0:
                value = value + potential_sd_lsb * fixed_pattern(int(seed), stream, (COUNT,))
            values[name] = np.clip(value, *LIMITS[name])
        fires, conducts = self.fire, self.conductance
        highest = np.where(fires, values["threshold_lsb"] - RESET_GAP_LSB, np.inf)
        values["reset_lsb"] = np.minimum(values["reset_lsb"], highest)
        leak = values["leak_lsb"]
        lowest = np.where(conducts, leak + REVERSAL_GAP_LSB, -np.inf)
        values["e_exc_lsb"] = np.maximum(values["e_exc_lsb"], lowest)
        highest = np.where(conducts, leak - REVERSAL_GAP_LSB, np.inf)
        values["e_inh_lsb"] = np.minimum(values["e_inh_lsb"], highest)
        return replace(self, **values)
