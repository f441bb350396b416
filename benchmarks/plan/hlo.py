"""Reads the text of a compiled program, as XLA prints it."""

import dataclasses
import math
import re

WIDTHS = {
    "pred": 1, "s8": 1, "u8": 1, "s16": 2, "u16": 2, "bf16": 2, "f16": 2, "s32": 4, "u32": 4,
    "f32": 4, "s64": 8, "u64": 8, "f64": 8, "c64": 8, "c128": 16, "f8e4m3fn": 1, "f8e5m2": 1,
}  # fmt: skip
"""Bytes of an element, by its type."""


@dataclasses.dataclass(frozen=True)
class Instruction:
    """A line of a program.

    Attributes:
      name: of its own.
      shape: of the result, as text.
      opcode: what it does.
      operands: names of instructions of the same computation.
      called: computations that it runs, by their part in it ("body", "condition", "calls", ...).
      trips: turns of a loop, None if only the device knows.
      source: where in the code it comes from.
    """

    name: str
    shape: str
    opcode: str
    operands: tuple[str, ...]
    called: dict[str, str]
    trips: int | None
    source: str

    @property
    def bytes(self) -> int:
        """Size of the result."""
        return size(self.shape)


@dataclasses.dataclass(frozen=True)
class Module:
    """A program.

    Attributes:
      computations: by name, each its instructions by name.
      entry: name of the one that runs first.
    """

    computations: dict[str, dict[str, Instruction]]
    entry: str


def size(shape: str) -> int:
    """Returns the bytes of a shape, or of a tuple of shapes, as text: "(f32[8,2]{1,0}, s32[])"."""
    found = re.findall(r"([a-z]+[0-9]*(?:e\dm\d(?:fn)?)?)\[([\d,]*)\]", shape)
    return sum(
        WIDTHS.get(kind, 0) * math.prod(int(n) for n in sides.split(",") if n)
        for kind, sides in found
    )


def read(text: str) -> Module:
    """Returns what the text of a compiled program says.

    Raises:
      ValueError: it has no entry.
    """
    computations, current, entry = {}, {}, ""
    for line in text.splitlines():
        head = re.match(r"(ENTRY )?%?([\w.\-]+) \(.*\{$", line)
        if head:
            current = computations[head.group(2)] = {}
            entry = head.group(2) if head.group(1) else entry
            continue
        instruction = _instruction(line)
        if instruction:
            current[instruction.name] = instruction
    if not entry:
        raise ValueError("the text is no compiled program: it has no ENTRY")
    return Module(computations, entry)


def _instruction(line: str) -> Instruction | None:
    found = re.match(r"\s+(?:ROOT )?%?([\w.\-]+) = (.*?) ([a-z][\w\-]*)\((.*)", line)
    if not found:
        return None
    name, shape, opcode, rest = found.groups()
    operands, _, attributes = rest.partition(")")
    called = dict(re.findall(r"(calls|body|condition|to_apply)=%?([\w.\-]+)", attributes))
    branches = re.search(r"branch_computations=\{([^}]*)\}", attributes)
    for index, branch in enumerate(re.findall(r"[\w.\-]+", branches.group(1)) if branches else ()):
        called[f"branch {index}"] = branch
    trips = re.search(r'known_trip_count":\{"n":"(\d+)"', attributes)
    source = re.search(r'op_name="([^"]*)"', attributes)
    return Instruction(
        name,
        shape,
        opcode,
        tuple(re.findall(r"%([\w.\-]+)", operands)),
        called,
        int(trips.group(1)) if trips else None,
        source.group(1) if source else "",
    )
