"""Types of pytrees for type checkers."""

from typing import TYPE_CHECKING, Any, TypeAlias

import jax

Maybe: TypeAlias = jax.Array | Any
"""An array in the full game, None in the mini game. A config decides which, unseen by checkers."""

if TYPE_CHECKING:
    from typing import Self

    class Node:
        """Base of the classes that `flax.struct.dataclass` makes pytrees of."""

        def replace(self, **changes: Any) -> Self:
            """Returns a copy with some fields changed; flax adds this method unseen by checkers."""
            ...
else:
    Node = object
