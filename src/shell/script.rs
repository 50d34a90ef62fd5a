//! Scripts: files, commands of the command line and what is piped into the shell. The first error ends them, so that a
//! nightly job does not go on with half its tables.

use std::future::poll_fn;
use std::io::Write;
use std::pin::pin;
use std::task::Poll;

use datafusion::common::plan_err;
use datafusion::error::{DataFusionError, Result};
use datafusion::sql::sqlparser::dialect::dialect_from_str;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};
use datafusion_cli::cli_context::CliSessionContext;
use datafusion_cli::command::Command;
use datafusion_cli::exec;
use datafusion_cli::print_format::PrintFormat;
use datafusion_cli::print_options::PrintOptions;

use super::session::Session;
use crate::guard::guarded;

/// The most words that may follow each other without a comma. A parsed expression is at most as deep as its words are
/// many, and planning takes some 22 KiB of stack for every level in a build that is not optimised: so many fit into
/// [`STACK`](super::STACK) twice. (It also takes time in proportion to the square of the depth.)
const MOST_WORDS: usize = 20_000;

/// Runs statements. A panic of the engine is an error.
pub(super) async fn run(session: &Session, sql: String, print: &PrintOptions) -> Result<()> {
    check(session, &sql)?;
    let mut run = pin!(exec::exec_from_commands(session, vec![sql], print));
    let guarded_poll = poll_fn(|context| match guarded(|| run.as_mut().poll(context)) {
        Ok(poll) => poll,
        Err(panic) => Poll::Ready(Err(DataFusionError::External(Box::new(panic)))),
    });
    guarded_poll.await
}

/// The statements of a file.
pub(super) fn read(file: &str) -> Result<String> {
    std::fs::read_to_string(file)
        .map_err(|error| DataFusionError::Configuration(format!("cannot read '{file}': {error}")))
}

/// Runs what was piped into the shell: statements, and between them the commands that begin with a backslash.
pub(super) async fn run_piped(
    session: &Session,
    text: &str,
    print: &mut PrintOptions,
) -> Result<()> {
    let mut sql = String::new();
    for line in text.lines() {
        let between = sql.trim_end().is_empty() || sql.trim_end().ends_with(';');
        match line.strip_prefix('\\') {
            Some(command) if between => {
                run(session, std::mem::take(&mut sql), print).await?;
                if !run_command(session, command, print).await? {
                    return Ok(());
                }
            }
            _ => {
                sql.push_str(line);
                sql.push('\n');
            }
        }
    }
    run(session, sql, print).await
}

/// Runs a command of the shell. Returns whether there may be more.
pub(super) async fn run_command(
    session: &Session,
    line: &str,
    print: &mut PrintOptions,
) -> Result<bool> {
    let unknown = || {
        let message = format!("'\\{line}' is not a command of the shell; '\\?' lists them");
        DataFusionError::Configuration(message)
    };
    let words: Vec<&str> = line.split_whitespace().collect();
    match words.join(" ").parse::<Command>().map_err(|()| unknown())? {
        Command::Quit => return Ok(false),
        Command::Include(Some(file)) => run(session, read(&file)?, print).await?,
        // What the command itself says of these two is no result.
        Command::QuietMode(Some(quiet)) => print.quiet = quiet,
        Command::OutputFormat(Some(setting)) => {
            let format = setting.strip_prefix("format ").map(str::parse::<PrintFormat>);
            print.format = format.and_then(Result::ok).ok_or_else(unknown)?;
        }
        Command::OutputFormat(None) => {
            _ = writeln!(std::io::stdout(), "Output format is {:?}.", print.format);
        }
        command => command.execute(session, print).await?,
    }
    Ok(true)
}

/// Refuses statements that would overflow the stack.
fn check(session: &Session, sql: &str) -> Result<()> {
    let state = session.session_state();
    let dialect = dialect_from_str(state.config_options().sql_parser.dialect);
    // Whatever cannot be read is refused by the parser.
    let Some(Ok(mut tokens)) =
        dialect.map(|dialect| Tokenizer::new(dialect.as_ref(), sql).tokenize())
    else {
        return Ok(());
    };
    tokens.retain(|token| !matches!(token, Token::Whitespace(_)));
    check_depth(&tokens)
}

/// Refuses words that may make an expression too deep.
fn check_depth(tokens: &[Token]) -> Result<()> {
    // The words since the last comma, outside of brackets and in every bracket that is open: what is in brackets is one
    // word outside. (How deep brackets are the parser looks after.)
    let mut outer = Vec::new();
    let mut words = 0;
    for token in tokens {
        match token {
            Token::Comma => words = 0,
            Token::SemiColon => (outer, words) = (Vec::new(), 0),
            Token::LParen | Token::LBracket | Token::LBrace => {
                outer.push(words);
                words = 0;
            }
            Token::RParen | Token::RBracket | Token::RBrace => {
                words = outer.pop().unwrap_or(words) + 1;
            }
            _ => words += 1,
        }
        if words > MOST_WORDS {
            return plan_err!(
                "expected at most {MOST_WORDS} words and operators without a comma between them, got more"
            );
        }
    }
    Ok(())
}
