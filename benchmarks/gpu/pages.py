"""The report in Markdown, made of the figures recorded so far."""

TITLE = "# One accelerator: {device}"


def report(figures: list[dict]) -> str:
    """Returns the whole page."""
    sections = (
        _machine,
        _digests,
        _ceilings,
        _steps,
        _training,
        _profiles,
        _run,
        _failures,
    )
    found = [section(figures) for section in sections]
    return "\n\n".join(text for text in found if text) + "\n"


def table(heads: list[str], rows: list[list[str]]) -> str:
    """Returns a table; headings that begin with a space are of numbers."""
    rule = ["---:" if head.startswith(" ") else "---" for head in heads]
    lines = [[head.strip() for head in heads], rule, *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def _of(figures: list[dict], part: str) -> list[dict]:
    return [figure for figure in figures if figure["part"] == part]


def _machine(figures) -> str:
    head = _of(figures, "machine")[0]
    reported = {name: value for name, value in head.items() if name not in ("part", "plan")}
    budget = [[name, seconds] for name, seconds in head.get("plan", {}).items()]
    parts = [
        TITLE.format(device=head["device"]),
        f"Made with `{head['command']}`.",
        table(
            ["", ""], [[name, str(value)] for name, value in reported.items() if name != "command"]
        ),
    ]
    if budget:
        parts += ["Seconds planned:", table(["part", " at most"], budget)]
    return "\n\n".join(parts)


def _digests(figures) -> str:
    rows = [
        [
            f["game"],
            f["config"],
            f"`{f['digest'][:16]}`",
            f"`{f['expected'][:16]}`",
            "equal" if f["equal"] else "**differs**",
        ]
        for f in _of(figures, "digest")
    ]
    if not rows:
        return ""
    text = (
        "## The same worlds\n\nDigests of all worlds, observations and rewards of 64 ticks under "
        "fixed actions, beside those of a CPU (`benchmarks/digest.json`)."
    )
    heads = ["game", "config", "here", "on a CPU", ""]
    return f"{text}\n\n{table(heads, rows)}"


def _ceilings(figures) -> str:
    rows = []
    for figure in _of(figures, "ceiling"):
        if "bytes_per_s" in figure:
            what = f"copy of {figure['megabytes']:,} MB, bytes read and written"
            rows.append([what, f"{figure['bytes_per_s'] / 1e9:,.0f} GB/s"])
        else:
            what = f"product of matrices of side {figure['side']:,}, {figure['what']}"
            rows.append([what, f"{figure['flops'] / 1e12:,.2f} TFLOP/s"])
    return f"## What the device can do\n\n{table(['', ' measured'], rows)}" if rows else ""


def _copy(figures) -> float | None:
    rates = [figure["bytes_per_s"] for figure in _of(figures, "ceiling") if "bytes_per_s" in figure]
    return rates[0] if rates else None


def _product(figures) -> float | None:
    """Returns operations a second of a product with float32's default precision."""
    rates = [f["flops"] for f in _of(figures, "ceiling") if f["what"] == "tf32"]
    return rates[0] if rates else None


def _games(names: str) -> str:
    """Returns names joined by + for a table's cell."""
    count = names.count("+") + 1
    return names.replace("+", ", ") if count < 4 else f"mix of {count}"


def _share(rate: float | None, most: float | None) -> str:
    return f"{rate / most:.1%}" if rate and most else "-"


def _steps(figures) -> str:
    rows = []
    for figure in _of(figures, "step") + _of(figures, "quiet step"):
        moved = figure["bytes_per_tick"]
        second = figure["ms_per_tick"] / 1e3
        rows.append(
            [
                figure["config"],
                _games(figure["games"]),
                figure["workload"],
                figure["row"] + (", in quiet" if figure["part"] == "quiet step" else ""),
                f"{figure['worlds']:,}",
                f"{figure['agent_steps_per_s']:,}",
                f"{figure['alive']:.1%}",
                f"{figure['ms_per_tick']:.2f}",
                str(figure["ended"]),
                f"{(figure['temporary_bytes'] or 0) / 1e9:.2f}",
                f"{moved / 1e9 / second:,.0f}" if moved else "-",
                _share(moved and moved / second, _copy(figures)),
                f"{figure['compile_s']:.0f}",
            ]
        )
    if not rows:
        return ""
    heads = [
        "config", "games", "workload", "row", " worlds", " agent-steps/s", " alive", " ms a tick",
        " episodes ended", " temporary GB", " GB/s", " of copy", " compile s",
    ]  # fmt: skip
    text = (
        "## Steps\n\nAgent-steps are those of players alive when the tick began; a median of runs. "
        "All outputs of every tick are written to the device's memory. `moves`: the first ticks of "
        "fresh episodes under random moves; `valid`: random valid actions, with automatic reset in "
        "the measured time. Bytes are XLA's estimate, loops counted once. Other programs were "
        "being compiled meanwhile, except in rows in quiet."
    )
    return f"{text}\n\n{table(heads, rows)}"


def _training(figures) -> str:
    rows = [
        [
            f["name"],
            f["config"],
            f"{f['worlds']:,} x {f['rollout']}",
            f"{f['epochs']} x {f['minibatches']}",
            f"{f['agent_steps_per_s']:,}",
            f"{f['slot_steps_per_s']:,}",
            f"{f['alive']:.1%}",
            f"{sum(f['seconds']) / len(f['seconds']):.2f}",
            f"{f['needed_bytes'] / 1e9:.1f}",
            f"{f['product_flops_per_s'] / 1e12:.2f}",
            _share(f["product_flops_per_s"], _product(figures)),
            f"{f['compile_s']:.0f}",
        ]
        for f in _of(figures, "training")
    ]
    if not rows:
        return ""
    heads = ["training", "config", " worlds x ticks", " epochs x minibatches", " agent-steps/s",
             " with the dead", " alive", " s an update", " GB", " TFLOP/s", " of product",
             " compile s"]  # fmt: skip
    text = (
        "## Training, end to end\n\nWhole updates: a rollout, advantages, epochs of minibatches. "
        "Each living agent-step counts once. Operations are those of matrix products and "
        "convolutions; the share is of a product in float32 at its default precision."
    )
    return f"{text}\n\n{table(heads, rows)}"


def _profiles(figures) -> str:
    return "\n\n".join(map(_profile, _of(figures, "profile")))


def _profile(figure) -> str:
    ticks, whole, per = figure["ticks"], figure["seconds"], figure["per"]
    rows = [
        [f"`{k['name']}`", f"{1e6 * k['seconds'] / ticks:,.1f}", f"{k['seconds'] / whole:.1%}",
         f"{k['launches'] / ticks:.1f}", k["source"].split(")/", 1)[-1][-60:]]
        for k in figure["kernels"]
    ]  # fmt: skip
    text = (
        f"## Where the time goes: {figure['what']}, {figure['worlds']:,} worlds\n\n"
        f"{figure['launches'] / ticks:,.0f} launches a {per} of {figure['kinds']:,} kinds, "
        f"{1e3 * whole / ticks:.3f} ms of kernels a {per}; the largest:"
    )
    return f"{text}\n\n{table(['kernel', f' us a {per}', ' share', ' launches', 'from'], rows)}"


def _run(figures) -> str:
    return "\n\n".join(map(_one_run, _of(figures, "run")))


def _one_run(figure) -> str:
    rows = [
        [game, *(f"{score[side][where]['won']:.0%}" for where in ("alone", "mixed")
                 for side in ("trained", "random"))]
        for game, score in figure["scores"].items()
    ]  # fmt: skip
    rate = figure["steps"] / max(figure["seconds"], 1e-9)
    text = (
        f"## A training run\n\n{len(figure['games'])} games at `{figure['config']}`, "
        f"{figure['network']} network, {figure['worlds']:,} worlds: {figure['steps']:,} living "
        f"agent-steps in {figure['updates']:,} updates and {figure['seconds']:.0f} s "
        f"({rate:,.0f} a second). One seed. Games won, each side alone in its worlds, and both "
        "together:"
    )
    heads = ["game", " trained", " random", " trained, together", " random, together"]
    return f"{text}\n\n{table(heads, rows)}"


def _failures(figures) -> str:
    rows = [
        f"* {figure['of']}: {figure['name']}: {_message(figure['why'])}"
        for figure in _of(figures, "failure")
    ]
    return "## What could not be measured\n\n" + "\n".join(rows) if rows else ""


def _message(why: str) -> str:
    """Returns an error's message, as a block of its own where it has several lines."""
    lines = why.strip().split("\n")
    return why if len(lines) == 1 else "\n\n  ```\n  " + "\n  ".join(lines) + "\n  ```"
