"""Every public name is documented, and every name in the documentation exists."""

import ast
import contextlib
import importlib
import importlib.util
import inspect
import re

import pytest

from docs import build_site, make_diagrams
from tests.test_docs import FENCE, ROOT, name_of


def sources() -> dict[str, tuple[ast.AST, str]]:
    """Returns parsed definitions by full name: classes, functions and assignments of modules."""
    found = {}
    for top in ("metammo_jax", "agents"):
        for path in (ROOT / top).rglob("*.py"):
            parts = path.relative_to(ROOT).with_suffix("").parts
            module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            tree = ast.parse(path.read_text())
            found[module] = (tree, ast.get_docstring(tree) or "")
            for node, after in zip(tree.body, [*tree.body[1:], None], strict=True):
                said = after.value.value if is_text(after) else ""
                if isinstance(node, ast.FunctionDef | ast.ClassDef):
                    found[f"{module}.{node.name}"] = (node, ast.get_docstring(node) or "")
                elif isinstance(node, ast.Assign | ast.AnnAssign):
                    for target in getattr(node, "targets", [getattr(node, "target", None)]):
                        if isinstance(target, ast.Name):
                            found[f"{module}.{target.id}"] = (node, said)
    return found


def is_text(node) -> bool:
    """Whether a statement is a string alone: the docstring of the assignment before it."""
    value = getattr(node, "value", None)
    return isinstance(node, ast.Expr) and isinstance(getattr(value, "value", None), str)


def undocumented(home: str, node: ast.AST, said: str):
    """Yields what lacks a docstring: the thing itself, methods, or fields among its attributes."""
    if not said.strip():
        yield home
    for part in node.body if isinstance(node, ast.ClassDef) else ():
        if isinstance(part, ast.FunctionDef) and not part.name.startswith("_"):
            inherited = part.name in ("setup",) or ast.get_docstring(part)
            if not inherited and not overloaded(part):
                yield f"{home}.{part.name}"
        if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name):
            name = part.target.id
            shown = not name.startswith("_") and name != "metadata"  # Gymnasium's and PettingZoo's
            if shown and not re.search(rf"^ *(\w+, )*{name}(, \w+)*:", said, re.M):
                follows = node.body[node.body.index(part) + 1 :][:1]
                if not (follows and is_text(follows[0])):
                    yield f"{home}.{name}"


def overloaded(function: ast.FunctionDef) -> bool:
    return any("overload" in ast.unparse(decorator) for decorator in function.decorator_list)


def test_every_public_name_has_a_docstring():
    known, missing = sources(), []
    for name, places in build_site.public_names().items():
        here = [place for place in sorted(places) if place in known]
        assert here, f"{name} is defined nowhere"
        if not any(known[place][1].strip() for place in here):
            missing.append(name)
        for place in here:
            node, said = known[place]
            missing += list(undocumented(place, node, said)) if said else []
    assert not missing


def test_every_public_name_is_in_the_reference():
    """The build checks its pages too; here it is known without building them."""
    text = "\n".join(path.read_text() for path in sorted((ROOT / "docs/api").glob("*.md")))
    listed = set(re.findall(r"^::: ([\w.]+)$", text, re.M))
    missing = [
        name for name, places in build_site.public_names().items()
        if not places & listed and not {place.rpartition(".")[0] for place in places} & listed
    ]  # fmt: skip
    assert not missing


@pytest.mark.parametrize("page", sorted((ROOT / "docs/api").glob("*.md")), ids=name_of)
def test_the_reference_names_what_exists(page):
    for name in re.findall(r"^::: ([\w.]+)$", page.read_text(), re.M):
        if not name.startswith("metammo_jax.adapters."):  # each needs a package of its own
            resolved(name)


def resolved(name: str):
    """Returns what a full name names: a module, or something that one defines or re-exports.

    Raises:
      AttributeError: there is nothing of that name, or a module merely imports it from another.
    """
    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        path = ".".join(parts[:end])
        with contextlib.suppress(ModuleNotFoundError):
            module = value = importlib.import_module(path)
            for part in parts[end:]:
                value = getattr(value, part)
            if len(parts) == end + 1 and not is_offered(module, parts[end], value):
                raise AttributeError(f"{path} imports {parts[end]}; it is {value.__module__}'s")
            return value
    raise AttributeError(name)


def is_offered(module, name: str, value) -> bool:
    """Returns whether a module defines a class or function, or re-exports it in `__all__`."""
    if not (inspect.isclass(value) or inspect.isfunction(value)):
        return True
    return value.__module__ == module.__name__ or name in getattr(module, "__all__", ())


def test_a_name_that_a_module_only_imports_is_not_resolved():
    assert resolved("metammo_jax.tasks.Subject") is resolved("metammo_jax.vocab.Subject")
    with pytest.raises(AttributeError, match="imports Subject"):
        resolved("metammo_jax.tasks.subject.Subject")


def test_names_in_the_architecture_exist():
    text = FENCE.sub("", (ROOT / "docs/architecture.md").read_text())
    spans = set(re.findall(r"`([^`\s]+)`", text))
    names = {
        span
        for span in spans
        if re.fullmatch(r"(metammo_jax|agents)(\.\w+)+", span) and not span.endswith(".py")
    }
    paths = {span for span in spans if "/" in span or span.endswith((".py", ".toml"))}
    assert len(names) > 60 and len(paths) > 30
    for name in names:
        resolved(name)
    assert not [path for path in paths if not (ROOT / path).exists()]


def test_the_architecture_lists_every_module_and_folder():
    text = (ROOT / "docs/architecture.md").read_text()
    listed = set(re.findall(r"`([^`\s]+)`", text[: text.index("## A world through a tick")]))
    found = {
        path.relative_to(ROOT).as_posix()
        for top in ("metammo_jax", "agents")
        for path in (ROOT / top).iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert len(found) > 50
    assert not found - listed - {"agents/__init__.py"}


@pytest.mark.parametrize("name", make_diagrams.DIAGRAMS)
def test_diagrams_name_what_exists(name):
    """The modules in the boxes: of the package, of `agents` in those of the network."""
    drawn = make_diagrams.DIAGRAMS[name]()
    assert drawn == (ROOT / f"docs/images/architecture-{name}.svg").read_text()
    boxes = re.findall(r'class="title">([^<]+)<', drawn)
    words = [word for title in boxes for word in title.split(", ")]
    assert len(words) > 6
    for word in words:
        places = ("metammo_jax.", "metammo_jax.games.", "metammo_jax.tasks.", "agents.",
                  "agents.networks.", "agents.networks.lean.Lean.", "")  # fmt: skip
        assert any(exists(place + word) for place in places), word


def exists(name: str) -> bool:
    try:
        resolved(name)
    except AttributeError:
        return False
    return True


# Files of the project
