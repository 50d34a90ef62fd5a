//! The prompt: what is typed runs as scripts do, but an error, or a panic of the engine, only ends what was typed at once.

use std::io::{Write, stderr, stdout};

use datafusion::common::config::Dialect;
use datafusion::error::{DataFusionError, Result};
use datafusion_cli::cli_context::CliSessionContext;
use datafusion_cli::helper::CliHelper;
use datafusion_cli::print_options::PrintOptions;
use rustyline::Editor;
use rustyline::error::ReadlineError;
use rustyline::history::DefaultHistory;

use super::script;
use super::session::Session;

/// What was typed in this folder before.
const HISTORY: &str = ".history";

type Terminal = Editor<CliHelper, DefaultHistory>;

/// Runs what is typed, to the end of the input or to `\q`. Ctrl-C ends what runs.
pub(super) async fn run(session: &Session, print: &mut PrintOptions) -> Result<()> {
    let mut terminal = Terminal::new().map_err(of_terminal)?;
    terminal.set_helper(Some(CliHelper::new(&dialect(session), print.color)));
    // There is none where nothing was typed before.
    _ = terminal.load_history(HISTORY);
    while let Some(typed) = read(&mut terminal).map_err(of_terminal)? {
        let goes_on = tokio::select! {
            goes_on = answer(session, &typed, print) => goes_on,
            _ = tokio::signal::ctrl_c() => {
                say("^C");
                Ok(true)
            }
        };
        match goes_on {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => _ = writeln!(stderr(), "{}", error.strip_backtrace()),
        }
        if let Some(helper) = terminal.helper_mut() {
            helper.set_dialect(&dialect(session));
        }
    }
    terminal.save_history(HISTORY).map_err(of_terminal)
}

/// What is typed next: statements up to a semicolon, or a command. None at the end.
fn read(terminal: &mut Terminal) -> rustyline::Result<Option<String>> {
    loop {
        match terminal.readline("> ") {
            Ok(typed) => {
                terminal.add_history_entry(typed.trim_end())?;
                return Ok(Some(typed));
            }
            Err(ReadlineError::Interrupted) => {
                say("^C");
                if let Some(helper) = terminal.helper() {
                    helper.reset_hint();
                }
            }
            Err(ReadlineError::Eof) => {
                say("\\q");
                return Ok(None);
            }
            Err(error) => return Err(error),
        }
    }
}

/// Runs what was typed. Returns whether there may be more.
async fn answer(session: &Session, typed: &str, print: &mut PrintOptions) -> Result<bool> {
    if let Some(command) = typed.strip_prefix('\\') {
        return script::run_command(session, command, print).await;
    }
    script::run(session, typed.to_owned(), print).await?;
    Ok(true)
}

/// The dialect of what is typed.
fn dialect(session: &Session) -> Dialect {
    session.session_state().config_options().sql_parser.dialect
}

/// Writes a line. A terminal that is gone ends the shell where it reads.
fn say(line: &str) {
    _ = writeln!(stdout(), "{line}");
}

fn of_terminal(error: ReadlineError) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}
