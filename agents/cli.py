"""Command lines made from dataclasses: by tyro where it is installed, else by argparse."""

import argparse
import dataclasses
import gc
import inspect
import re
import types
import typing
from typing import Any

import jax

from metammo_jax.lib.cache_folder import cache_folder


def parse(kind, default, arguments: list[str], program: str, note: str = ""):
    """Returns a dataclass filled from the command line.

    Args:
      kind: the dataclass; the "Attributes" of its docstring are the help.
      default: instance with the values of options that are not given.
      arguments: words of the command line.
      program: sub-command of `metammo-jax`, for the help.
      note: another sentence for the help.

    Raises:
      SystemExit: after --help, or for an unknown option (2).
      ValueError: a value is not allowed.
    """
    title = f"{(kind.__doc__ or kind.__name__).splitlines()[0]} {note}".strip()
    try:
        import tyro
    except ImportError:
        return _argparse_groups({program: default}, arguments, program, title)[0]
    return tyro.cli(
        kind, default=default, args=arguments, prog=f"metammo-jax {program}", description=title
    )


def parse_groups(defaults: dict[str, Any], arguments: list[str], program: str, title: str) -> list:
    """Returns several dataclasses filled from one command line, their options in groups.

    Args:
      defaults: by name of the group, an instance with the values of options that are not given.
      arguments: words of the command line.
      program: sub-command of `metammo-jax`, for the help.
      title: first sentence of the help.

    Raises:
      SystemExit: after --help, or for an unknown option (2).
      ValueError: a value is not allowed.
    """
    try:
        import tyro
    except ImportError:
        return _argparse_groups(defaults, arguments, program, title)
    fields = [
        (name, tyro.conf.OmitArgPrefixes[type(default)], dataclasses.field(default=default))
        for name, default in defaults.items()
    ]
    kind = dataclasses.make_dataclass("Options", fields, frozen=True)
    found = tyro.cli(kind, args=arguments, prog=f"metammo-jax {program}", description=title)
    return [getattr(found, name) for name in defaults]


def peek(arguments: list[str], *names: str) -> dict[str, str]:
    """Returns the values of options in a command line, "" for those that are not given.

    Raises:
      SystemExit: an option has no value (2).
    """
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    for name in names:
        parser.add_argument(f"--{name}", default="")
    return vars(parser.parse_known_args(arguments)[0])


def take_first(arguments: list[str]) -> str:
    """Removes and returns the first word of a command line; "" if it starts with an option."""
    return arguments.pop(0) if arguments and not arguments[0].startswith("-") else ""


def take(arguments: list[str], option: str) -> str | None:
    """Takes an option and its value out of a command line; returns the value, None if absent.

    Raises:
      ValueError: the option has no value.
    """
    for index, word in enumerate(arguments):
        if word == option:
            if index + 1 == len(arguments):
                raise ValueError(f"{option} needs a value")
            del arguments[index]
            return arguments.pop(index)
        if word.startswith(option + "="):
            return arguments.pop(index)[len(option) + 1 :]
    return None


def start_quickly() -> None:
    """Turns on the compilation cache and collects garbage less often, to start training sooner."""
    cache_compilations()
    gc.set_threshold(100_000, 20, 20)  # tracing creates very many objects that stay


def cache_compilations() -> None:
    """Turns on JAX's compilation cache, in the user's cache folder.

    Does nothing if a cache is set already, or if there is no cache folder
    (`metammo_jax.lib.cache_folder`).
    """
    if jax.config.jax_compilation_cache_dir:  # pyright: ignore[reportAttributeAccessIssue]
        return
    folder = cache_folder()
    if folder is not None:
        jax.config.update("jax_compilation_cache_dir", str(folder / "compiled"))


def _argparse_groups(defaults, arguments, program, title) -> list:
    """Returns what `parse_groups` does, by argparse."""
    parser = argparse.ArgumentParser(f"metammo-jax {program}", description=title)
    for name, default in defaults.items():
        group = parser.add_argument_group(f"{name} options")
        helps, hints = _helps(type(default)), typing.get_type_hints(type(default))
        for field in dataclasses.fields(default):
            value = getattr(default, field.name)
            group.add_argument(
                "--" + field.name.replace("_", "-"),
                default=value,
                help=f"{helps.get(field.name, '')} (default: {value})".replace("%", "%%"),
                **_argument(hints[field.name]),
            )
    found = vars(parser.parse_args(arguments))
    return [
        type(default)(**{field.name: found[field.name] for field in dataclasses.fields(default)})
        for default in defaults.values()
    ]


def _argument(hint) -> dict:
    """Returns the arguments of `add_argument` for an option of a type."""
    if hint is bool:
        return {"action": argparse.BooleanOptionalAction}
    if typing.get_origin(hint) is tuple:
        return {"type": typing.get_args(hint)[0], "nargs": "*"}
    if typing.get_origin(hint) is typing.Literal:
        return {"choices": typing.get_args(hint)}
    if isinstance(hint, types.UnionType):
        return {"type": typing.get_args(hint)[0]}
    return {"type": hint}


def _helps(kind) -> dict[str, str]:
    """Returns the help of each field, read from the "Attributes" of the dataclass's docstring."""
    text = inspect.cleandoc(kind.__doc__ or "")  # Python 3.13 takes the indentation off itself
    text = text.split("Attributes:", 1)[-1].split("Raises:", 1)[0]
    entries = re.findall(r"^ {2}(\w+): (.*(?:\n {4}.*)*)", text, flags=re.MULTILINE)
    return {name: " ".join(words.split()) for name, words in entries}
