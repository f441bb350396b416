"""Messages between our process and the original's: a word, plain values, arrays.

Both sides are Pythons of different versions, with different versions of numpy: a message is the
length of what follows (8 bytes, little endian) and an npz archive without pickled objects.
"""

import io
import json
import struct

import numpy as np

LENGTH = struct.Struct("<Q")
LONGEST = 1 << 30
"""Bytes; whoever announces more does not speak this language."""


def send(file, word, values=None, arrays=None):
    """Writes a message.

    Args:
      file: binary, open for writing.
      word: what the message is about.
      values: whatever JSON knows.
      arrays: name -> array of numbers.
    """
    archive = io.BytesIO()
    said = np.array(json.dumps([word, values]))
    np.savez(archive, said=said, **{f"_{name}": array for name, array in (arrays or {}).items()})
    file.write(LENGTH.pack(archive.getbuffer().nbytes))
    file.write(archive.getbuffer())
    file.flush()


def receive(file):
    """Reads a message; returns word, values and arrays.

    Raises:
      EOFError: the other side has gone.
      ValueError: what came is no message.
    """
    length = _read(file, LENGTH.size)
    (size,) = LENGTH.unpack(length)
    if size > LONGEST:
        raise ValueError(f"a message begins with {length!r}, which is no length")
    with np.load(io.BytesIO(_read(file, size)), allow_pickle=False) as archive:
        word, values = json.loads(str(archive["said"]))
        arrays = {name[1:]: archive[name] for name in archive.files if name != "said"}
    return word, values, arrays


def _read(file, size):
    data = file.read(size)
    if len(data) < size:
        raise EOFError(f"a message ended after {len(data)} of {size} bytes")
    return data
