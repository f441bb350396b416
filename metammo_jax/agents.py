"""In a checkout: `metammo_jax.agents` is another name of the folder `agents/` at its top.

An installed wheel has that folder in the place of this file. Here both names mean the same modules
(`metammo_jax.agents.train is agents.train`), so that no class and no setting exists twice. Where
`agents` is somebody else's package, ours is imported under the name `metammo_jax.agents` alone.
"""

import importlib
import importlib.abc
import importlib.util
import sys
from pathlib import Path

_FOLDER = Path(__file__).parents[1] / "agents"


class _SameModule(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds `metammo_jax.agents.X`, which is `agents.X`."""

    def find_spec(self, fullname, path=None, target=None):
        """Returns how to import a module of ours; None for any other."""
        if not fullname.startswith(f"{__name__}."):
            return None
        spec = importlib.util.find_spec(_other_name(fullname))
        return spec and importlib.util.spec_from_loader(
            fullname, self, is_package=spec.submodule_search_locations is not None
        )

    def create_module(self, spec):
        """Returns the module as it is known by its other name."""
        module = importlib.import_module(_other_name(spec.name))
        spec.loader_state = module.__spec__
        return module

    def exec_module(self, module):
        """Gives the module back its own spec, in whose place Python has put the other."""
        module.__spec__ = module.__spec__ and module.__spec__.loader_state

    def get_code(self, fullname):
        """Returns the code, for `python -m metammo_jax.agents.X`."""
        spec = importlib.util.find_spec(_other_name(fullname))
        return spec.loader.get_code(spec.name)  # pyright: ignore


def _other_name(fullname: str) -> str:
    return fullname.removeprefix("metammo_jax.")


def _is_ours() -> bool:
    spec = importlib.util.find_spec("agents")
    if spec is None or spec.origin is None:
        return False
    return Path(spec.origin).resolve().parent == _FOLDER.resolve()


if _is_ours():
    sys.modules[__name__] = importlib.import_module("agents")
    for _name, _module in list(sys.modules.items()):
        if _name.startswith("agents."):
            sys.modules[f"metammo_jax.{_name}"] = _module
    sys.meta_path.insert(0, _SameModule())
else:
    __path__ = [str(_FOLDER)]
    __file__ = str(_FOLDER / "__init__.py")
    __spec__ = importlib.util.spec_from_file_location(__name__, __file__)
    __package__ = __name__
    __spec__.loader.exec_module(sys.modules[__name__])
