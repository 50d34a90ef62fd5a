//! The allocator gives memory back as soon as it is told to.

#[path = "../src/allocator.rs"]
mod allocator;

use std::process::Command;

use allocator::{PURGE_DELAY, PURGE_DELAY_MS, give_memory_back_soon};

const VARIABLE: &str = "MIMALLOC_PURGE_DELAY";

fn delay() -> std::ffi::c_long {
    // SAFETY: reads a number from a table of the library.
    unsafe { libmimalloc_sys::mi_option_get(PURGE_DELAY) }
}

#[test]
fn memory_is_given_back_soon_unless_the_environment_says_when() {
    if let Ok(wanted) = std::env::var(VARIABLE) {
        // That the variable sets this option is what shows that the option is the right one.
        give_memory_back_soon();
        assert_eq!(delay().to_string(), wanted);
        return;
    }
    assert_ne!(delay(), PURGE_DELAY_MS);
    give_memory_back_soon();
    assert_eq!(delay(), PURGE_DELAY_MS);
    let this = std::env::current_exe().unwrap();
    let again = Command::new(this).env(VARIABLE, "123").status().unwrap();
    assert!(again.success());
}
