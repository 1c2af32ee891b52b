"""A process in which the program is loaded already; each call of it is a fork, and so a process of its own.

It reads calls from the socket that is its standard input: a line of JSON and four files, which are the streams of the
call and where its exit code goes. Run as a script, so that the program takes its name from `sys.argv`.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import socket
import sys

# What commands import when they are called; half a second of work.
_LOADED = ("bots.cli", "faq.matching", "faq.authoring.evaluation", "faq.authoring.lint", "bots.supervisor")
_MAX_BYTES = 1_000_000
_LONGEST_S = 100  # nobody waits for a call any longer


def serve(calls: socket.socket) -> None:
    """Answer calls; returns in the fork that is to be the program, with its streams, folder and environment."""
    while True:
        line, files, _, _ = socket.recv_fds(calls, _MAX_BYTES, 4)
        if not line:
            os._exit(0)  # whoever called is gone
        while not line.endswith(b"\n"):
            line += calls.recv(_MAX_BYTES)
        if os.fork() == 0:
            calls.close()
            return _be_called(json.loads(line), files)
        for file in files:
            os.close(file)
        calls.sendall(b".")


def _be_called(call: dict[str, object], files: list[int]) -> None:
    """Wait for the program's end and tell it, or be the program."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    *streams, ended = files
    if child := os.fork():
        _, status = os.waitpid(child, 0)
        os.write(ended, str(os.waitstatus_to_exitcode(status)).encode())
        os._exit(0)
    os.close(ended)
    signal.alarm(_LONGEST_S)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(str(call["cwd"]))
    os.environ.clear()
    os.environ.update(call["environ"])  # type: ignore[call-overload]  # it is a dict of strings
    sys.argv[:] = call["argv"]  # type: ignore[call-overload]  # and this a list of them


def main() -> None:
    """Load the program; be it once for each call."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the program does before it loads these
    calls = socket.socket(fileno=os.dup(0))
    for name in _LOADED:
        importlib.import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those who wait
    serve(calls)
    importlib.import_module("bots.cli").main()


if __name__ == "__main__":
    main()
