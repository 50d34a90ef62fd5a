//! The `ziln` SQL shell: DataFusion's command-line client with the functions of ziln registered.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use datafusion::common::config::ConfigOptions;
use datafusion::config::ConfigNonZeroUsize;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};
use datafusion_cli::catalog::DynamicObjectStoreCatalog;
use datafusion_cli::exec;
use datafusion_cli::functions::ParquetMetadataFunc;
use datafusion_cli::object_storage::instrumented::InstrumentedObjectStoreRegistry;
use datafusion_cli::print_format::PrintFormat;
use datafusion_cli::print_options::{MaxRows, PrintOptions};

/// SQL with lifetime-value models: DataFusion's shell with the functions of ziln.
///
/// Without -c or -f it reads SQL from the terminal. Parquet, CSV and JSON files are tables by their path:
/// SELECT * FROM 'customers.parquet'. SHOW FUNCTIONS LIKE 'ziln%' lists the functions.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
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
    #[arg(short, long, value_name = "ROWS")]
    batch_size: Option<usize>,
    /// Memory that queries may take, in MiB; beyond it they spill to disk or fail.
    #[arg(short, long, value_name = "MIB")]
    memory_limit: Option<usize>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("Error: {}", error.strip_backtrace());
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<()> {
    let stores = Arc::new(InstrumentedObjectStoreRegistry::new());
    let ctx = session(&arguments, &stores).await?;
    let mut print = PrintOptions {
        format: arguments.format,
        quiet: arguments.quiet,
        maxrows: arguments.maxrows,
        color: arguments.color,
        instrumented_registry: stores,
    };
    if arguments.command.is_empty() && arguments.file.is_empty() {
        return exec::exec_from_repl(&ctx, &mut print)
            .await
            .map_err(|error| DataFusionError::External(Box::new(error)));
    }
    // A file runs like a command: the first error ends it, so that a nightly job does not go on with half its tables.
    let files = arguments.file.iter().map(|file| read_script(file)).collect::<Result<Vec<_>>>()?;
    exec::exec_from_commands(&ctx, files, &print).await?;
    exec::exec_from_commands(&ctx, arguments.command, &print).await
}

fn read_script(file: &str) -> Result<String> {
    std::fs::read_to_string(file)
        .map_err(|error| DataFusionError::Configuration(format!("cannot read '{file}': {error}")))
}

/// A session with files as tables and the functions of ziln.
async fn session(
    arguments: &Arguments,
    stores: &Arc<InstrumentedObjectStoreRegistry>,
) -> Result<SessionContext> {
    let mut runtime = RuntimeEnvBuilder::new().with_object_store_registry(Arc::clone(stores) as _);
    if let Some(mebibytes) = arguments.memory_limit {
        runtime = runtime.with_memory_pool(Arc::new(FairSpillPool::new(mebibytes << 20)));
    }
    let ctx = SessionContext::new_with_config_rt(config(arguments)?, runtime.build_arc()?)
        .enable_url_table();
    ctx.refresh_catalogs().await?;
    ctx.register_catalog_list(Arc::new(DynamicObjectStoreCatalog::new(
        Arc::clone(ctx.state().catalog_list()),
        ctx.state_weak_ref(),
    )));
    ctx.register_udtf("parquet_metadata", Arc::new(ParquetMetadataFunc {}));
    let mut ctx = ctx;
    ziln::udf::register_all(&mut ctx)?;
    Ok(ctx)
}

fn config(arguments: &Arguments) -> Result<SessionConfig> {
    let mut options = ConfigOptions::from_env()?;
    if let Some(rows) = arguments.batch_size {
        options.execution.batch_size = ConfigNonZeroUsize::try_new(rows)?;
    }
    if std::env::var_os("DATAFUSION_FORMAT_NULL").is_none() {
        options.format.null = "NULL".to_string();
    }
    Ok(SessionConfig::from(options).with_information_schema(true))
}
