"""Execute a command as an unprivileged user; a script, run as root before each function.

It reads one JSON document from standard input and never sees the function's code or environment
while it is root::

    {"command": [...], "environment": {...}, "directory": "...", "uid": 65534, "gid": 65534,
     "covered": ["/home"], "visible": ["/home/ana/python3.13"], "writable": ["..."]}

`covered` names folders that the user may not enter, above paths that it needs (a Python installed
under /root). In a mount namespace of the process's own they are replaced by empty ones that hold
nothing but those paths: the function sees its Python, and nothing else of /root.
"""

import json
import os
import sys

CLONE_NEWNS = 0x00020000
MS_RDONLY, MS_NOSUID, MS_REMOUNT, MS_BIND = 0x1, 0x2, 0x20, 0x1000
MS_REC, MS_PRIVATE = 0x4000, 0x40000


def main() -> None:
    """Confine, then become the command; never returns."""
    order = json.loads(sys.stdin.buffer.read())
    try:
        _cover(order["covered"], order["visible"], order["writable"])
    except OSError as error:
        closed = " ".join(order["covered"])
        sys.exit(
            f"The function needs files below {closed}, which is closed to other users, and a way "
            f"in cannot be made ({error}): run `chmod o+x {closed}`, or LocalStack not as root"
        )
    try:
        os.chdir(order["directory"])
        os.setgroups([])
        os.setgid(order["gid"])
        os.setuid(order["uid"])
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.execve(order["command"][0], order["command"], order["environment"])  # noqa: S606
    except OSError as error:
        sys.exit(f"The function cannot run as user {order['uid']}: {error}")


def _cover(covered: list[str], visible: list[str], writable: list[str]) -> None:
    if not covered:
        return
    _call("unshare", CLONE_NEWNS)
    _mount("none", "/", "", MS_REC | MS_PRIVATE)
    # Opened in the new namespace while still reachable, bound once the way to them is covered.
    descriptors = {path: os.open(path, os.O_PATH) for path in (*visible, *writable)}
    for path in covered:
        _mount("none", path, "tmpfs", MS_NOSUID, "mode=755,size=1m")
    for path, descriptor in descriptors.items():
        if os.path.isdir(f"/proc/self/fd/{descriptor}"):
            os.makedirs(path, exist_ok=True)
        else:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            os.close(os.open(path, os.O_CREAT))
        _mount(f"/proc/self/fd/{descriptor}", path, "", MS_BIND)
        if path not in writable:
            _mount("none", path, "", MS_REMOUNT | MS_BIND | MS_RDONLY)
        os.close(descriptor)


def _mount(source: str, target: str, kind: str, flags: int, options: str = "") -> None:
    _call("mount", source.encode(), target.encode(), kind.encode(), flags, options.encode())


def _call(name: str, *arguments: object) -> None:
    import ctypes  # most functions need no mounts, and this takes longer than all the rest

    if getattr(ctypes.CDLL(None, use_errno=True), name)(*arguments):
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


if __name__ == "__main__":
    main()
