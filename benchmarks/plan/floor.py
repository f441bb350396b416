"""Kernels and bytes of a program, and the least time it can take.

Each kernel moves its operands and its results, at the memory's full speed, and takes a launch at
least. A loop of unknown length counts once. A gather counts as if it read all it may read from.
"""

import dataclasses

from .device import BYTES_PER_US, LAUNCH_US
from .hlo import Instruction, Module

FREE = frozenset({"parameter", "constant", "tuple", "get-tuple-element", "bitcast", "after-all"})
"""Instructions that run nothing."""


@dataclasses.dataclass(frozen=True)
class KernelCost:
    """Cost of a program or of a part of it.

    Attributes:
      us: microseconds at least.
      kernels: launches of kernels and copies.
      copies: those of them that only copy.
      bytes: moved.
      unknown: loops of unknown length, wherever they stand.
    """

    us: float = 0.0
    kernels: int = 0
    copies: int = 0
    bytes: int = 0
    unknown: int = 0

    def __add__(self, other: "KernelCost") -> "KernelCost":
        mine, its = dataclasses.astuple(self), dataclasses.astuple(other)
        return KernelCost(*(a + b for a, b in zip(mine, its, strict=True)))

    def times(self, turns: int) -> "KernelCost":
        """Returns what so many turns take; the loops within are the same ones."""
        return KernelCost(
            turns * self.us,
            turns * self.kernels,
            turns * self.copies,
            turns * self.bytes,
            self.unknown,
        )


@dataclasses.dataclass(frozen=True)
class InstructionCost:
    """An instruction, with what it takes in all turns of the loops around it."""

    instruction: Instruction
    cost: KernelCost


def floor(module: Module) -> tuple[KernelCost, list[InstructionCost]]:
    """Returns what a program takes, and its instructions, the costliest first."""
    rows: list[InstructionCost] = []
    total = _computation(module, module.entry, 1, rows)
    return total, sorted(rows, key=lambda row: -row.cost.us)


def _computation(module: Module, name: str, turns: int, rows: list[InstructionCost]) -> KernelCost:
    total, own = KernelCost(), module.computations[name]
    for instruction in own.values():
        if instruction.opcode in FREE:
            continue
        cost = _cost(module, instruction, own, turns, rows)
        rows.append(InstructionCost(instruction, cost.times(turns)))
        total += cost
    return total


def _cost(module, instruction, own, turns, rows) -> KernelCost:
    called = instruction.called
    if instruction.opcode == "while":
        count = instruction.trips or 1
        parts = [
            _computation(module, called[part], turns * count, rows)
            for part in ("body", "condition")
        ]
        unknown = KernelCost(unknown=int(instruction.trips is None))
        return (parts[0] + parts[1]).times(count) + unknown
    if instruction.opcode == "call":
        return _computation(module, called["to_apply"], turns, rows)
    if instruction.opcode == "conditional":
        branches = [_computation(module, branch, turns, rows) for branch in called.values()]
        return max(branches, key=lambda cost: cost.us)
    operands = sum(own[name].bytes for name in instruction.operands if name in own)
    moved = instruction.bytes + operands
    copies = int(instruction.opcode.startswith("copy"))
    return KernelCost(max(LAUNCH_US, moved / BYTES_PER_US), 1, copies, moved)
