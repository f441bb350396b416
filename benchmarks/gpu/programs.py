"""Compiles programs side by side, in the order in which they are needed, while others run."""

import queue
import threading
import time


class Program:
    """A program that is being compiled.

    Attributes:
      name: for messages.
      traced: `jax.stages.Traced`; None until it is traced.
      trace_s: seconds to trace and lower.
      compile_s: seconds to compile.
    """

    def __init__(self, name: str):
        self.name, self.traced, self.trace_s, self.compile_s = name, None, 0.0, 0.0
        self._done, self._shaped = threading.Event(), threading.Event()
        self._compiled, self._error = None, None

    @property
    def is_ready(self) -> bool:
        """Whether it is compiled, or has failed."""
        return self._done.is_set()

    def wait(self, seconds: float | None = None) -> bool:
        """Waits until it is ready; returns whether it is."""
        return self._done.wait(seconds)

    def result(self):
        """Returns the compiled program, and waits for it.

        Raises:
          Exception: whatever tracing or compiling raised.
        """
        self._done.wait()
        if self._error is not None:
            raise self._error
        return self._compiled

    def shapes(self):
        """Returns the shapes of what the program returns, as soon as it is traced.

        Raises:
          RuntimeError: it could not be traced.
        """
        self._shaped.wait()
        if self.traced is None:
            raise RuntimeError(f"{self.name} could not be traced: {self._error}")
        return self.traced.out_info

    def lower(self, trace):
        """Traces and lowers; returns what `compile` takes, None if that failed."""
        begun = time.monotonic()
        try:
            self.traced = trace()
            return self.traced.lower()
        except BaseException as error:  # noqa: B902 - raised by `result`
            self._error = error
            self._done.set()
        finally:
            self.trace_s = time.monotonic() - begun
            self._shaped.set()

    def compile(self, lowered) -> None:
        """Compiles."""
        begun = time.monotonic()
        try:
            self._compiled = lowered.compile()
        except BaseException as error:  # noqa: B902 - raised by `result`
            self._error = error
        self.compile_s = time.monotonic() - begun
        self._done.set()


class Programs:
    """Threads that compile. They never keep the process from ending.

    Attributes:
      threads: how many.
    """

    def __init__(self, threads: int):
        self.threads, self._lock = threads, threading.Lock()
        self._waiting, self._all = queue.SimpleQueue(), []
        for _ in range(threads):
            threading.Thread(target=self._work, daemon=True).start()

    def add(self, name: str, trace) -> Program:
        """Adds a program to the queue.

        Args:
          name: for messages.
          trace: () -> `jax.stages.Traced`. It may ask an earlier program for its `shapes`.
        """
        program = Program(name)
        self._all.append(program)
        self._waiting.put((program, trace))
        return program

    @property
    def idle(self) -> bool:
        """Nothing is being compiled."""
        return all(program.is_ready for program in self._all)

    def _work(self):
        """Takes one program after another; they are traced one at a time and in order.

        Python traces no two programs faster together than one after the other, and so the first
        in line is through first. A program may wait for the shapes of an earlier one.
        """
        while True:
            with self._lock:
                program, trace = self._waiting.get()
                lowered = program.lower(trace)
            if lowered is not None:
                program.compile(lowered)
