#!/bin/sh
# Put pinned uv and tox into .tox/bootstrap with whichever of uv, pyenv or a plain Python is at hand,
# and say in one line what is missing where none is.
set -eu
cd "$(dirname "$0")/.."
env=.tox/bootstrap

die() { echo "scones: $1" >&2; exit 1; }

case "$(uname -s)-$(uname -m)" in
    Linux-x86_64 | Linux-aarch64 | Darwin-x86_64) ;;
    *) die "MXNet has wheels for Linux (x86_64, aarch64) and macOS (x86_64), not for $(uname -s) $(uname -m)." ;;
esac

rm -rf "$env"
if command -v uv >/dev/null 2>&1; then
    uv venv --quiet --python '>=3.10' "$env"
    uv pip install --quiet --python "$env/bin/python" --require-hashes -r requirements/bootstrap.txt
else
    for python in python3.13 python3.12 python3.11 python3.10 python3; do
        "$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))' 2>/dev/null || continue
        "$python" -m venv "$env"
        break
    done
    [ -x "$env/bin/python" ] ||
        die "no uv, and no Python 3.10 or newer with venv: install uv, or Python 3.13 and 3.11 with their venv modules."
    "$env/bin/python" -m pip install --quiet --require-hashes -r requirements/bootstrap.txt
fi

for version in 3.13 3.11; do
    "$env/bin/uv" python find --quiet "$version" >/dev/null 2>&1 ||
        "$env/bin/uv" python install --quiet "$version" 2>/dev/null ||
        die "Python $version is missing and could not be downloaded: 'pyenv install $version' or install it from your system."
done

# MXNet's wheels bring all libraries but the compiler's own.
libraries="'libgomp.so.1'"
[ "$(uname -m)" = x86_64 ] && libraries="$libraries, 'libquadmath.so.0'"
[ "$(uname -s)" != Linux ] ||
    "$env/bin/python" -c "import ctypes; [ctypes.CDLL(name) for name in [$libraries]]" 2>/dev/null ||
    die "MXNet needs libgomp and libquadmath: install them (Debian: apt-get install libgomp1 libquadmath0)."
touch "$env/.ready"
