"""Command lines made from dataclasses: by tyro where it is installed, else by argparse."""

import argparse
import dataclasses
import gc
import inspect
import re
import types
import typing

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
        return _argparse(kind, default, arguments, program, title)
    return tyro.cli(
        kind, default=default, args=arguments, prog=f"metammo-jax {program}", description=title
    )


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


def _argparse(kind, default, arguments, program, title):
    parser = argparse.ArgumentParser(f"metammo-jax {program}", description=title)
    helps, hints = _helps(kind), typing.get_type_hints(kind)
    for field in dataclasses.fields(kind):
        value = getattr(default, field.name)
        parser.add_argument(
            "--" + field.name.replace("_", "-"),
            default=value,
            help=f"{helps.get(field.name, '')} (default: {value})".replace("%", "%%"),
            **_argument(hints[field.name]),
        )
    return kind(**vars(parser.parse_args(arguments)))


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
