"""A replay as bytes: a header in JSON and compressed columns, under one checksum.

    line of 21 bytes   "metammo_jax replay 2", the format's number at its end
    32 bytes           SHA-256 of all that follows
    4 bytes            length of the header, little endian
    header             JSON, LZMA2: version, environment, key, game, the blocks' shapes and lengths
    blocks             one after another, each LZMA2 without a container

Whole numbers are kept for the living alone, player by player, the low bytes of all before the next
higher ones. Nothing that is read is executed.
"""

import hashlib
import json
import lzma
from typing import Any

import numpy as np

FORMAT = b"metammo_jax replay "
NUMBER = b"2\n"
_HASH, _LENGTH = 32, 4
_MOST, _MOST_HEADER = 1 << 31, 1 << 26
"""Bytes that a block, and the header, may have when they are unpacked."""

_FILTERS = [{"id": lzma.FILTER_LZMA2, "preset": 9, "lc": 0, "lp": 0, "pb": 0, "dict_size": 1 << 23}]


def written(header: dict[str, Any], blocks: dict[str, np.ndarray]) -> bytes:
    """Returns the bytes of a file.

    Args:
      header: what JSON can say.
      blocks: arrays by name.
    """
    packed, listed = [], []
    for name, array in blocks.items():
        array = np.ascontiguousarray(array)
        data = _packed(array.tobytes())
        packed.append(data)
        listed.append(
            {"name": name, "dtype": array.dtype.str, "shape": array.shape, "bytes": len(data)}
        )
    text = _packed(json.dumps({**header, "blocks": listed}).encode())
    rest = b"".join([len(text).to_bytes(_LENGTH, "little"), text, *packed])
    return FORMAT + NUMBER + hashlib.sha256(rest).digest() + rest


def read(data: bytes, name: str) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Returns header and arrays of a file.

    Args:
      data: all its bytes.
      name: of the file, for messages.

    Raises:
      ValueError: it is no replay, of another format, cut short or damaged.
    """
    if not data.startswith(FORMAT):
        raise ValueError(f"{name} is no replay: it does not begin with {FORMAT.decode()!r}")
    start = len(FORMAT) + len(NUMBER)
    if data[len(FORMAT) : start] != NUMBER:
        found = data[len(FORMAT) : start].decode(errors="replace").strip()
        raise ValueError(
            f"{name} is a replay of format {found!r}, this version reads {NUMBER.decode().strip()}"
        )
    rest = data[start + _HASH :]
    if hashlib.sha256(rest).digest() != data[start : start + _HASH]:
        raise ValueError(f"{name} is cut short or damaged: its checksum is wrong")
    try:
        length = int.from_bytes(rest[:_LENGTH], "little")
        header = json.loads(_plain(rest[_LENGTH : _LENGTH + length], _MOST_HEADER))
        place, blocks = _LENGTH + length, {}
        for block in header["blocks"]:
            packed = rest[place : place + block["bytes"]]
            blocks[block["name"]] = _unpacked(packed, block)
            place += block["bytes"]
    except (KeyError, TypeError, ValueError, lzma.LZMAError) as error:
        raise ValueError(f"{name} is damaged: {error}") from error
    return header, blocks


def _packed(data: bytes) -> bytes:
    return lzma.compress(data, lzma.FORMAT_RAW, filters=_FILTERS)


def _plain(packed: bytes, most: int) -> bytes:
    """Returns decompressed bytes, at most the given number."""
    return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=_FILTERS).decompress(packed, most)


def _unpacked(packed: bytes, block: dict[str, Any]) -> np.ndarray:
    dtype, shape = np.dtype(block["dtype"]), tuple(block["shape"])
    if dtype.hasobject:
        raise ValueError(f"block {block['name']} has dtype {dtype}")
    size = dtype.itemsize * int(np.prod(shape, dtype=np.int64))
    if not 0 <= size <= _MOST:
        raise ValueError(f"block {block['name']} has {size} bytes")
    data = _plain(packed, size + 1)
    if len(data) != size:
        raise ValueError(f"block {block['name']} has other than {size} bytes")
    return np.frombuffer(data, dtype).reshape(shape).copy()


def squeezed(values: np.ndarray, alive: np.ndarray) -> np.ndarray:
    """Returns (bytes, n) uint8, the bytes of the living players' numbers, player by player.

    Args:
      values: (T, P) int32.
      alive: (T, P) bool.
    """
    numbers = values.T[alive.T].astype(np.uint32) + np.uint32(1)  # -1, which is common, is 0
    planes = max(1, (int(numbers.max(initial=0)).bit_length() + 7) // 8)
    return np.stack([(numbers >> (8 * plane)).astype(np.uint8) for plane in range(planes)])


def stretched(planes: np.ndarray, alive: np.ndarray, nothing: int) -> np.ndarray:
    """Returns (T, P) int32 from the bytes of `squeezed`; `nothing` for dead players.

    Raises:
      ValueError: it has not as many numbers as there are living.
    """
    if planes.ndim != 2 or planes.shape[1] != alive.sum() or len(planes) > 4:
        raise ValueError(f"{planes.shape} bytes are not of {alive.sum()} living")
    numbers = np.zeros(planes.shape[1], np.uint32)
    for plane, row in enumerate(planes):
        numbers |= row.astype(np.uint32) << np.uint32(8 * plane)
    values = np.full(alive.T.shape, nothing, np.int32)
    values[alive.T] = (numbers - np.uint32(1)).astype(np.int32)
    return np.ascontiguousarray(values.T)
