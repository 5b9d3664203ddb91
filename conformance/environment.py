"""The Python environment of the outside suites: kept in the cache, made again when it no longer fits."""

import hashlib
import os
import subprocess
import sys
import venv
from contextlib import contextmanager
from pathlib import Path

try:
    import fcntl
except ImportError:  # not a POSIX system: two first runs at once are then not kept apart
    fcntl = None

# What the pinned suites ask for.
OLDEST_PYTHON = (3, 11)
REQUIREMENTS = Path(__file__).with_name("requirements.txt")


def cache_folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "rollcall"


@contextmanager
def _locked(path: Path):
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w") as handle:
        if fcntl:
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def ensure(requirements: Path = REQUIREMENTS, name: str = "venv") -> Path:
    """The folder of the environment's programs; installs the pinned requirements when they are not there."""
    if sys.version_info < OLDEST_PYTHON:
        raise SystemExit(f"the conformance suites need Python {'.'.join(map(str, OLDEST_PYTHON))} or newer")
    folder = cache_folder() / name
    programs = folder / ("Scripts" if os.name == "nt" else "bin")
    stamp = folder / "requirements.sha256"
    # Compiled wheels belong to one Python, so its version and place are part of what must fit.
    wanted = hashlib.sha256(
        requirements.read_bytes() + f"{sys.version}{sys.base_prefix}".encode()
    ).hexdigest()
    with _locked(cache_folder() / f"{name}.lock"):
        if stamp.exists() and stamp.read_text() == wanted:
            return programs
        print(f"installing the conformance suites into {folder}", flush=True)
        venv.create(folder, clear=True, with_pip=True)
        pip = [str(programs / "python"), "-m", "pip", "--disable-pip-version-check", "--quiet"]
        subprocess.run([*pip, "install", "--requirement", str(requirements)], check=True)
        stamp.write_text(wanted)
    return programs
