# Sourced by the other scripts: where the project and its caches are.
# shellcheck shell=bash
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/rollcall

# Outside the clone, so that a fresh clone does not compile the dependencies again.
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$cache/target}
# A relative target folder means the project's root, from wherever a script is called.
[[ $CARGO_TARGET_DIR = /* ]] || CARGO_TARGET_DIR=$root/$CARGO_TARGET_DIR

# rustup puts cargo here, and a shell that was opened before does not know it yet.
if ! command -v cargo >/dev/null 2>&1 && [[ -x ${CARGO_HOME:-$HOME/.cargo}/bin/cargo ]]; then
    export PATH=${CARGO_HOME:-$HOME/.cargo}/bin:$PATH
fi

# rustc 1.95 was seen to crash on what an earlier checkout had left in the incremental cache of this shared folder.
export CARGO_INCREMENTAL=0

cd "$root"
