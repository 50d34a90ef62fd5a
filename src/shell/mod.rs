//! The `ziln` SQL shell: DataFusion's command-line client with the functions of ziln registered.
//!
//! [`main`] is all of it, so that it runs as a program of its own and in a process of Python. [`run`] is the same over
//! sessions that another program prepares, such as those of a cluster.

mod bounds;
mod cluster;
mod models;
pub mod progress;
mod prompt;
mod script;
mod session;

use std::ffi::OsString;
use std::io::{IsTerminal, Read, Write};
use std::ops::RangeInclusive;
use std::sync::{Arc, LazyLock};

use clap::builder::RangedU64ValueParser;
use clap::{Args, Parser};
use datafusion::common::config::ConfigOptions;
use datafusion::config::ConfigNonZeroUsize;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};
use datafusion_cli::catalog::DynamicObjectStoreCatalog;
use datafusion_cli::functions::ParquetMetadataFunc;
use datafusion_cli::object_storage::instrumented::InstrumentedObjectStoreRegistry;
use datafusion_cli::print_format::PrintFormat;
use datafusion_cli::print_options::{MaxRows, PrintOptions};

use bounds::BATCH_SIZES;
use session::Session;

use crate::model::{FORMAT_VERSION, NETWORK_VERSION};

/// The stack of the threads that plan and run queries: an expression of many terms is as deep as they are many. Memory
/// that is not used is not taken.
const STACK: usize = 1 << 30;

/// Limits of memory, in MiB.
const MEMORY_LIMITS: RangeInclusive<u64> = 1..=(usize::MAX >> 20) as u64;

/// The versions that decide what a session can do: of ziln, of the engine, and of the texts of models that it reads.
pub static VERSION: LazyLock<String> = LazyLock::new(|| {
    let engine = datafusion::DATAFUSION_VERSION;
    format!(
        "{} (DataFusion {engine}; models of format_version {FORMAT_VERSION} to {NETWORK_VERSION})",
        env!("CARGO_PKG_VERSION")
    )
});

/// The exit code of a session that an error ended.
const FAILURE: u8 = 1;

#[derive(Debug, Parser)]
#[command(name = "ziln", version = VERSION.as_str())]
struct Program {
    /// Run queries on the workers of a cluster, by the program ziln-cluster.
    #[arg(long, value_name = "URL")]
    cluster: Option<String>,
    #[command(flatten)]
    arguments: Arguments,
}

/// SQL with lifetime-value models: DataFusion's shell with the functions of ziln.
///
/// Without -c or -f it reads SQL from the terminal, or what is piped into it. Whatever is not typed ends with the first
/// error. Parquet, CSV and JSON files are tables by their path:
/// SELECT * FROM 'customers.parquet'. SHOW FUNCTIONS LIKE 'ziln%' lists the functions;
/// CREATE FUNCTION ... RETURN (SELECT model FROM ...) makes one of a model.
// (What `--help` says of the program that takes these arguments.)
#[derive(Debug, Args)]
pub struct Arguments {
    /// Run these statements, then leave.
    #[arg(short, long, num_args = 1.., value_name = "SQL")]
    command: Vec<String>,
    /// Run the statements of these files, then leave.
    #[arg(short, long, num_args = 1.., value_name = "FILE")]
    file: Vec<String>,
    /// How results are printed.
    #[arg(long, value_enum, default_value_t = PrintFormat::Automatic)]
    format: PrintFormat,
    /// Print results only.
    #[arg(short, long)]
    quiet: bool,
    /// The most rows of a result that a table shows: a number, or inf.
    #[arg(long, default_value = "40")]
    maxrows: MaxRows,
    /// Colour the SQL that is typed.
    #[arg(long)]
    color: bool,
    /// Rows a batch.
    #[arg(short, long, value_name = "ROWS", value_parser = RangedU64ValueParser::<usize>::new().range(BATCH_SIZES))]
    batch_size: Option<usize>,
    /// Memory that queries may take, in MiB; beyond it they spill to disk or fail.
    #[arg(short, long, value_name = "MIB", value_parser = RangedU64ValueParser::<usize>::new().range(MEMORY_LIMITS))]
    memory_limit: Option<usize>,
}

/// Runs the shell with the arguments of a command line, the first of which is the name of the program, and returns the
/// exit code: 0, 1 after an error, 2 where the arguments are not as `--help` says.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let code = match Program::try_parse_from(&arguments) {
        Ok(program) if program.cluster.is_some() => cluster::run(&arguments),
        Ok(program) => run(program.arguments, Ok),
        // Help and the version come as errors, too.
        Err(error) => match error.print() {
            Ok(()) => u8::try_from(error.exit_code()).unwrap_or(FAILURE),
            Err(_) => FAILURE,
        },
    };
    // In a process of Python nobody else does.
    if std::io::stdout().flush().is_err() {
        return FAILURE;
    }
    code
}

/// Runs the shell over a session that `prepare` completes, and returns the exit code: 0, or 1 after an error.
///
/// `prepare` runs within the runtime of the session. The catalogs and the functions are added after it.
pub fn run<P>(arguments: Arguments, prepare: P) -> u8
where
    P: FnOnce(SessionStateBuilder) -> Result<SessionStateBuilder> + Send + 'static,
{
    progress::show(None);
    let session = std::thread::Builder::new().stack_size(STACK).spawn(|| {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .thread_stack_size(STACK)
            .build()?;
        runtime.block_on(run_session(arguments, prepare))
    });
    let result = match session.map(std::thread::JoinHandle::join) {
        Ok(Ok(result)) => result,
        // The panic has been reported where it happened.
        Ok(Err(_)) => return FAILURE,
        Err(error) => Err(error.into()),
    };
    match result {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("Error: {}", error.strip_backtrace());
            FAILURE
        }
    }
}

async fn run_session(
    arguments: Arguments,
    prepare: impl FnOnce(SessionStateBuilder) -> Result<SessionStateBuilder>,
) -> Result<()> {
    let stores = Arc::new(InstrumentedObjectStoreRegistry::new());
    let session = session(&arguments, &stores, prepare).await?;
    let mut print = PrintOptions {
        format: arguments.format,
        quiet: arguments.quiet,
        maxrows: arguments.maxrows,
        color: arguments.color,
        instrumented_registry: stores,
    };
    if arguments.command.is_empty() && arguments.file.is_empty() {
        return read_statements(&session, &mut print).await;
    }
    let files = arguments.file.iter().map(|file| script::read(file)).collect::<Result<Vec<_>>>()?;
    for sql in files.into_iter().chain(arguments.command) {
        script::run(&session, sql, &print).await?;
    }
    Ok(())
}

/// Runs what is typed, going on after an error, or what is piped in, which ends with the first.
async fn read_statements(session: &Session, print: &mut PrintOptions) -> Result<()> {
    let mut input = std::io::stdin();
    if input.is_terminal() {
        end_trainings_with_ctrl_c()?;
        return prompt::run(session, print).await;
    }
    let mut text = String::new();
    input.read_to_string(&mut text).map_err(|error| {
        DataFusionError::Configuration(format!("cannot read the input: {error}"))
    })?;
    script::run_piped(session, &text, print).await
}

/// The prompt comes back after Ctrl-C; this ends the trainings that would go on behind it. On a thread of its own, as those
/// of the queries may all be training.
fn end_trainings_with_ctrl_c() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    // Heard from now on: whoever reads the terminal puts back the handler that it finds.
    let mut presses = {
        let _within = runtime.enter();
        presses_of_ctrl_c()?
    };
    let listen = async move {
        while presses.recv().await.is_some() {
            progress::hush();
            crate::fit::interrupt();
        }
    };
    std::thread::Builder::new()
        .name("ctrl-c".to_owned())
        .spawn(move || runtime.block_on(listen))?;
    Ok(())
}

#[cfg(unix)]
fn presses_of_ctrl_c() -> std::io::Result<tokio::signal::unix::Signal> {
    tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt())
}

#[cfg(windows)]
fn presses_of_ctrl_c() -> std::io::Result<tokio::signal::windows::CtrlC> {
    tokio::signal::windows::ctrl_c()
}

/// A session with files as tables and the functions of ziln.
async fn session(
    arguments: &Arguments,
    stores: &Arc<InstrumentedObjectStoreRegistry>,
    prepare: impl FnOnce(SessionStateBuilder) -> Result<SessionStateBuilder>,
) -> Result<Session> {
    let mut runtime = RuntimeEnvBuilder::new().with_object_store_registry(Arc::clone(stores) as _);
    if let Some(mebibytes) = arguments.memory_limit {
        runtime = runtime.with_memory_pool(Arc::new(FairSpillPool::new(mebibytes << 20)));
    }
    let state = SessionStateBuilder::new()
        .with_config(config(arguments)?)
        .with_runtime_env(runtime.build_arc()?)
        .with_default_features();
    let ctx = SessionContext::new_with_state(prepare(state)?.build()).enable_url_table();
    ctx.refresh_catalogs().await?;
    ctx.register_catalog_list(Arc::new(DynamicObjectStoreCatalog::new(
        Arc::clone(ctx.state().catalog_list()),
        ctx.state_weak_ref(),
    )));
    ctx.register_udtf("parquet_metadata", Arc::new(ParquetMetadataFunc {}));
    let mut ctx = ctx.with_function_factory(Arc::new(models::ModelFunctions));
    crate::udf::register_all(&mut ctx)?;
    Ok(Session(ctx))
}

fn config(arguments: &Arguments) -> Result<SessionConfig> {
    let mut options = ConfigOptions::from_env()?;
    if let Some(rows) = arguments.batch_size {
        options.execution.batch_size = ConfigNonZeroUsize::try_new(rows)?;
    }
    bounds::check(&options, bounds::variable)?;
    if std::env::var_os("DATAFUSION_FORMAT_NULL").is_none() {
        options.format.null = "NULL".to_string();
    }
    Ok(SessionConfig::from(options).with_information_schema(true))
}
