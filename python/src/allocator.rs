//! Where the memory of the extension module comes from.
//!
//! mimalloc, from which DataFusion's Python package has its memory as well. Batches come and go by the thousand, and it
//! hands their blocks on without a detour through the system.

use std::ffi::{c_int, c_long};

use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// How long freed memory waits for its next user before the system has it back, in milliseconds. By default it is so
/// long that the columns of a training set are still there when their successors, those of a state, are made.
pub(crate) const PURGE_DELAY_MS: c_long = 4;

/// The option's number, which has no name in the bindings: it is the one before this.
pub(crate) const PURGE_DELAY: c_int = libmimalloc_sys::mi_option_use_numa_nodes - 1;

/// Shortens the time that freed memory is kept, unless the environment has `MIMALLOC_PURGE_DELAY`.
pub(crate) fn give_memory_back_soon() {
    // SAFETY: sets a number in a table of the library, which has this option; any thread may do so at any time.
    unsafe { libmimalloc_sys::mi_option_set_default(PURGE_DELAY, PURGE_DELAY_MS) };
}
