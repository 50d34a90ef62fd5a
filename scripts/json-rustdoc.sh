#!/usr/bin/env bash
# rustdoc, with the options that are the nightly compiler's. In its own environment alone: cargo would compile everything anew.
RUSTC_BOOTSTRAP=1 exec rustdoc "$@"
