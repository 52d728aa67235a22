"""The last step before a job's or an endpoint's own program: `python -S sandbox.py <parent pid> <base or -> -- <argv>`.

Runs in the child, between fork and exec, as a program of its own: it asks the kernel to kill it when the emulator
dies (prctl(2), PR_SET_PDEATHSIG) and, given a base directory, shows that directory as /opt/ml in a mount namespace that
only this process and its children see (unshare(2), mount(2)). With `--probe` as argv it only says whether that works.

No import of ours, and none that is slow: this is on the way of every start.
"""

from __future__ import annotations

import ctypes
import os
import sys

CLONE_NEWNS, CLONE_NEWUSER = 0x00020000, 0x10000000
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
PR_SET_PDEATHSIG, SIGKILL = 1, 9


def _die_with(parent: int) -> None:
    """Have the kernel kill this process with its parent. Linux; elsewhere the guardian does it a little later."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(SIGKILL)


def _show_as_opt_ml(base: str) -> None:
    """Bind `base` at /opt/ml, for this process alone. Raises OSError where the kernel does not let us."""
    if sys.platform != "linux":
        raise OSError("no mount namespaces")
    libc = ctypes.CDLL(None, use_errno=True)
    _own_namespace(libc)
    mount(libc, "none", "/", None, MS_REC | MS_PRIVATE)
    if not os.path.isdir("/opt/ml"):  # noqa: PTH112 - pathlib is slow to import
        _make_opt_writable(libc, base)
        os.mkdir("/opt/ml")  # noqa: PTH102
    mount(libc, base, "/opt/ml", None, MS_BIND | MS_REC)


def _own_namespace(libc: ctypes.CDLL) -> None:
    """A mount namespace; for whoever is not root, within a user namespace that maps the user to itself."""
    uid, gid = os.getuid(), os.getgid()
    if uid == 0 and libc.unshare(CLONE_NEWNS) == 0:
        return
    if libc.unshare(CLONE_NEWUSER | CLONE_NEWNS):
        raise OSError(ctypes.get_errno(), "unshare")
    for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
        with open(f"/proc/self/{name}", "w") as file:  # noqa: PTH123
            file.write(text)


def _make_opt_writable(libc: ctypes.CDLL, base: str) -> None:
    """Put an empty file system over /opt and bind all that /opt holds into it: the machine's own stays as it is."""
    stash = f"{base}.opt"  # beside it: what is in it, the program sees
    os.makedirs(stash, exist_ok=True)  # noqa: PTH103
    mount(libc, "/opt", stash, None, MS_BIND | MS_REC)
    mount(libc, "tmpfs", "/opt", "tmpfs", 0)
    for entry in os.scandir(stash):
        target = f"/opt/{entry.name}"
        if entry.is_symlink():
            os.symlink(os.readlink(entry.path), target)  # noqa: PTH115, PTH211
        elif entry.is_dir():
            os.mkdir(target)  # noqa: PTH102
            mount(libc, entry.path, target, None, MS_BIND | MS_REC)
    libc.umount2(stash.encode(), 2)


def mount(libc: ctypes.CDLL, source: str, target: str, kind: str | None, flags: int) -> None:
    if libc.mount(source.encode(), target.encode(), kind.encode() if kind else None, flags, None):
        raise OSError(ctypes.get_errno(), f"mount {source} at {target}")


def main(parent: str, base: str, _dashes: str, *argv: str) -> None:
    if base != "-":
        _show_as_opt_ml(base)
    if argv == ("--probe",):
        return
    _die_with(int(parent))  # after unshare: a change of credentials clears it
    try:
        os.execvp(argv[0], argv)  # noqa: S606 - to become that program is the point
    except OSError as problem:
        sys.stderr.write(f"cannot run {argv[0]}: {problem.strerror}\n")
        os._exit(127)


if __name__ == "__main__":
    main(*sys.argv[1:])
