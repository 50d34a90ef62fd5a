//! The `ziln` SQL shell.

use std::process::ExitCode;

fn main() -> ExitCode {
    ziln::shell::main(std::env::args_os()).into()
}
