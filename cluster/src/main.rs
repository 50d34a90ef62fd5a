//! The programs of a cluster: its workers, and the shell whose queries they run.

use std::io::Write;
use std::net::SocketAddr;
use std::process::ExitCode;

use clap::{Args, Parser};
use datafusion::error::{DataFusionError, Result};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use ziln_cluster::{Address, ClusterOptions, WorkerOptions, prepare, serve};

/// The stack of the threads that run queries. Memory that is not used is not taken.
const STACK: usize = 1 << 30;

/// The threads that answer: what they do is to copy bytes.
const ANSWERING_THREADS: usize = 2;

/// Queries of ziln on many machines.
#[derive(Debug, Parser)]
#[command(name = "ziln-cluster", version = ziln::shell::VERSION.as_str())]
enum Program {
    Worker(WorkerArguments),
    Sql(Box<SqlArguments>),
}

/// A worker: runs parts of queries for the shells that connect to it, until it is killed.
///
/// Whoever connects can read every file that it can: only where everybody may.
#[derive(Debug, Args)]
struct WorkerArguments {
    /// The address on which it listens; with port 0, one that is free. The first line of its output says which.
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:50051")]
    listen: SocketAddr,
    /// Memory that queries may take together, in MiB; beyond it they spill to disk or fail.
    #[arg(short, long, value_name = "MIB", value_parser = clap::value_parser!(u32).range(1..))]
    memory_limit: Option<u32>,
    /// Threads that run queries; as many as there are processors where it is not given.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,
}

#[derive(Debug, Args)]
struct SqlArguments {
    /// The workers: http://HOST:PORT, more of them after commas. A name that stands for several machines is all of them.
    #[arg(long, value_name = "URL", required = true, value_delimiter = ',')]
    cluster: Vec<Address>,
    /// How long a query may take.
    #[arg(long, value_name = "SECONDS", default_value_t = ClusterOptions::default().deadline_seconds)]
    deadline: u64,
    #[command(flatten)]
    shell: ziln::shell::Arguments,
}

fn main() -> ExitCode {
    match Program::parse() {
        Program::Worker(arguments) => match work(&arguments) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("Error: {}", error.strip_backtrace());
                ExitCode::FAILURE
            }
        },
        Program::Sql(arguments) => {
            let SqlArguments { cluster, deadline, shell } = *arguments;
            ziln::shell::run(shell, move |mut state| {
                let config = state.config().get_or_insert_default();
                let mut options = ClusterOptions::default();
                options.deadline_seconds = deadline;
                config.options_mut().extensions.insert(options);
                prepare(state, cluster)
            })
            .into()
        }
    }
}

fn work(arguments: &WorkerArguments) -> Result<()> {
    let memory_limit = arguments.memory_limit.map(|mebibytes| (mebibytes as usize) << 20);
    let queries = threads(arguments.threads.map(usize::from))?;
    threads(Some(ANSWERING_THREADS))?.block_on(async {
        let listener = TcpListener::bind(arguments.listen).await.map_err(|error| {
            let address = arguments.listen;
            DataFusionError::Configuration(format!("cannot listen on {address}: {error}"))
        })?;
        let address = listener.local_addr()?;
        // Whoever has started it may wait for this line; that nobody reads it is no error.
        _ = writeln!(std::io::stdout(), "worker on http://{address}");
        serve(listener, WorkerOptions { memory_limit }, queries.handle().clone()).await
    })
}

fn threads(number: Option<usize>) -> Result<Runtime> {
    let mut runtime = Builder::new_multi_thread();
    if let Some(number) = number {
        runtime.worker_threads(number);
    }
    Ok(runtime.enable_all().thread_stack_size(STACK).build()?)
}
