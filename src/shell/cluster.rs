//! `ziln --cluster URL`: the shell over a cluster, which is a program of its own, as its engine is no part of this crate.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use super::FAILURE;

/// The program, whose command `sql` is this shell.
const PROGRAM: &str = "ziln-cluster";

/// Runs the program with the arguments of this one, and returns its exit code.
pub(super) fn run(arguments: impl Iterator<Item = OsString>) -> u8 {
    match Command::new(program()).arg("sql").args(arguments).status() {
        Ok(status) => status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(FAILURE),
        Err(error) => {
            eprintln!(
                "Error: --cluster needs the program {PROGRAM}, beside this one or in a folder of PATH: {error}"
            );
            FAILURE
        }
    }
}

/// The program beside this one, or whichever is found in `PATH`.
fn program() -> PathBuf {
    let name = format!("{PROGRAM}{}", std::env::consts::EXE_SUFFIX);
    let beside = std::env::current_exe().ok().map(|own| own.with_file_name(&name));
    beside.filter(|path| path.is_file()).unwrap_or_else(|| name.into())
}
