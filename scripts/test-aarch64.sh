#!/usr/bin/env bash
# Runs the tests of the core (math, model, fit, metrics; no engine) on an emulated 64-bit ARM processor.
#
# Needs, on Linux: the Rust target  (rustup target add aarch64-unknown-linux-gnu),
#   a linker with ARM's C library   (Debian: gcc-aarch64-linux-gnu libc6-dev-arm64-cross)
#   and the emulator                (Debian: qemu-user).
# Takes about three minutes on two cores. Arguments go to the test programs, such as `bits` for the tests of that name.
set -euo pipefail
cd "$(dirname "$0")/.."

# A manifest of its own, without the dependencies that only other tests and benchmarks need: DataFusion would be
# compiled as well. The files themselves are links, so it is always this tree that is tested.
target_dir="$(realpath -m "${CARGO_TARGET_DIR:-target}")"
scratch="$target_dir/aarch64-manifest"
mkdir -p "$scratch"
for path in src tests benches examples docs README.md; do
    ln -sfn "$PWD/$path" "$scratch/$path"
done
cp Cargo.lock "$scratch"
sed '/^members = /d' Cargo.toml > "$scratch/Cargo.toml"
cd "$scratch"
cargo remove --quiet --dev criterion datafusion sqllogictest tempfile tokio

export CARGO_TARGET_DIR="$target_dir"
# Emulation is slow, and `cargo remove` takes the package's own profile along.
export CARGO_PROFILE_DEV_OPT_LEVEL=3
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER='qemu-aarch64 -L /usr/aarch64-linux-gnu'
cargo test --no-default-features --target aarch64-unknown-linux-gnu \
    --lib --test math --test model --test fit --test metrics -- "$@"
