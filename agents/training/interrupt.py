"""Handling of Ctrl-C: the first one stops training after the current update."""

import signal
import sys
import threading


class Interrupt:
    """Context in which a first Ctrl-C requests a stop, and a second one raises KeyboardInterrupt.

    Attributes:
      requested: whether there was one.
    """

    def __enter__(self):
        self.requested = False
        self._is_main = threading.current_thread() is threading.main_thread()
        if self._is_main:
            self._before = signal.signal(signal.SIGINT, self._ask)
        return self

    def __exit__(self, *error):
        if self._is_main:
            signal.signal(signal.SIGINT, self._before)

    def _ask(self, number, frame):
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True
        print("\nstopping after this update; press Ctrl-C again to stop at once", file=sys.stderr)
