#!/bin/sh
# Runs a Rust test program that was linked beside the Python package (see build.rs). Its Polars refers to symbols of the
# Python interpreter, which nothing calls here, but which the dynamic loader wants to find: they are made up.
set -eu
symbols=$(nm --dynamic --undefined-only "$1" | sed -n 's/^ *U \(_\{0,1\}Py[A-Za-z0-9_]*\)$/char \1[256];/p')
if [ -z "$symbols" ]; then
    exec "$@"
fi
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT
printf '%s\n' "$symbols" | cc -shared -x c -o "$folder/python.so" -
LD_PRELOAD="$folder/python.so" "$@"
