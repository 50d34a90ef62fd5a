//! `ziln --cluster URL`: the shell over a cluster, which is a program of its own, as its engine is no part of this crate.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::FAILURE;

/// The program, whose command `sql` is this shell.
const PROGRAM: &str = "ziln-cluster";

/// Runs the program with the arguments of a command line, the first of which is the name of this program, and returns its exit
/// code.
pub(super) fn run(arguments: &[OsString]) -> u8 {
    let (own, arguments) =
        arguments.split_first().map_or((None, arguments), |(own, rest)| (Some(own), rest));
    match Command::new(program(own.map(Path::new))).arg("sql").args(arguments).status() {
        Ok(status) => status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(FAILURE),
        Err(error) => {
            eprintln!(
                "Error: --cluster needs the program {PROGRAM}, beside this one or in a folder of PATH: {error}"
            );
            FAILURE
        }
    }
}

/// The program beside this one, or whichever is found in `PATH`. (In a process of Python it is beside what was started, which
/// is not the program that runs.)
fn program(own: Option<&Path>) -> PathBuf {
    let name = format!("{PROGRAM}{}", std::env::consts::EXE_SUFFIX);
    let started = own.filter(|own| own.parent().is_some_and(|folder| folder != Path::new("")));
    let own = started.map(Path::to_path_buf).into_iter().chain(std::env::current_exe().ok());
    let mut beside = own.map(|own| own.with_file_name(&name));
    beside.find(|path| path.is_file()).unwrap_or_else(|| name.into())
}
