"""Imports only go down: the layers of the package, kept by walking its import statements."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import metammo_jax

ROOT = Path(metammo_jax.__file__).parent
LAYERS = [
    {"lib"},
    {"vocab", "tables", "config", "action_heads"},
    {"world", "action"},
    {"query", "inventory", "effects", "event_capture", "maps", "own_maps"},
    {"rules"},
    {"tick", "legal", "legal_trade", "observe"},
    {"spaces", "flat", "flat_columns"},
    {"tasks"},
    {"games"},
    {"env", "environment", "wrappers", "achievements"},
    {"episodes", "schedule"},
    {"vector", "registry"},
    {"replay"},
    {"adapters", "draw", "view"},
    {"agents", "__main__"},
]
"""From the bottom up. The last two are leaves: nothing imports them but each other."""

LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}
SAME_LAYER = {  # who may import whom within a layer
    ("action_heads", "vocab"), ("action_heads", "config"), ("tables", "vocab"),
    ("config", "vocab"), ("config", "tables"), ("observe", "legal"),
    ("legal", "legal_trade"), ("effects", "query"), ("effects", "event_capture"),
    ("registry", "vector"), ("wrappers", "env"), ("wrappers", "environment"),
    ("flat", "flat_columns"), ("adapters", "draw"), ("view", "draw"),
}  # fmt: skip


def modules():
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        if parts != ("__init__",):
            yield path, parts


def imported(path: Path):
    """Yields the dotted names within the package that a file imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        for name in names:
            if name.split(".")[0] == "metammo_jax" and "." in name:
                yield name.split(".")[1:]


@pytest.mark.parametrize("path", [path for path, _ in modules()], ids=lambda p: p.stem)
def test_imports_only_go_down(path):
    here = path.relative_to(ROOT).with_suffix("").parts
    assert here[0] in LEVEL, f"{here[0]} has no layer"
    for there in imported(path):
        if there[0] not in LEVEL:
            continue  # a name of the package itself, not a module
        if there[0] == here[0]:
            is_rule = here[0] == "rules" and here[1:] != ("__init__",)
            assert not is_rule or there[1] == here[1], f"the module {here[1]} imports {there}"
            continue
        assert (here[0], there[0]) in SAME_LAYER or LEVEL[there[0]] < LEVEL[here[0]], (
            f"{'.'.join(here)} imports {'.'.join(there)}, which is not below it"
        )


def sources():
    """Yields the files of the package, of `agents` and of `benchmarks`."""
    for folder in (ROOT, ROOT.parent / "agents", ROOT.parent / "benchmarks"):
        yield from sorted(folder.rglob("*.py"))


def test_files_are_short():
    long = {path.name: n for path in sources() if (n := len(path.open().readlines())) > 400}
    assert not long


def test_functions_are_short():
    long = []
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                body = node.body[1:] if ast.get_docstring(node) else node.body
                lines = node.end_lineno - body[0].lineno + 1 if body else 0
                if lines > 40:
                    long.append(f"{path.name}:{node.name} has {lines} lines")
    assert not long


def test_import_is_quick_and_touches_neither_devices_nor_optional_packages():
    code = """
import sys, time
import jax, flax.struct, numpy
before = set(sys.modules)
start = time.perf_counter()
import metammo_jax
import metammo_jax.adapters, metammo_jax.adapters.jaxmarl, metammo_jax.adapters.gymnax
for name in set(metammo_jax.__all__) - set(metammo_jax._HOMES["draw.picture"]):
    getattr(metammo_jax, name)
assert time.perf_counter() - start < 2, time.perf_counter() - start
from jax._src import xla_bridge
assert not xla_bridge.backends_are_initialized()
optional = {"PIL", "matplotlib", "optax", "orbax", "tyro", "rich", "tensorboardX"}
optional |= {"gymnasium", "pettingzoo", "gymnax", "jaxmarl", "torch", "wandb", "mlflow"}
assert not optional & (set(sys.modules) - before)
"""
    subprocess.run([sys.executable, "-c", code], check=True)
