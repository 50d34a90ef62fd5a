//! A model a campaign, on a local session and on two workers of this machine: how long each takes.
//!
//! `cargo run --release -p ziln-cluster --example campaigns -- [ROWS [CAMPAIGNS [FILES]]]`, after
//! `cargo build --release -p ziln-cluster`.

use std::error::Error;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use datafusion::arrow::util::pretty::pretty_format_batches;
use datafusion::prelude::{SessionConfig, SessionContext};

/// How often each is run; the shortest time counts.
const RUNS: usize = 3;

/// A process that is killed in the end.
struct Worker(Child);

impl Drop for Worker {
    fn drop(&mut self) {
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

/// A worker and where it is.
fn worker() -> Result<(Worker, String), Box<dyn Error>> {
    let program = std::env::current_exe()?.with_file_name("../ziln-cluster");
    let mut process = Command::new(program)
        .args(["worker", "--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .spawn()?;
    let output = process.stdout.take().ok_or("no output")?;
    let worker = Worker(process);
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line)?;
    let url = line.trim().strip_prefix("worker on ").ok_or("no address")?;
    Ok((worker, url.to_owned()))
}

fn local() -> Result<SessionContext, Box<dyn Error>> {
    let mut ctx = SessionContext::new_with_config(config()).enable_url_table();
    ziln::udf::register_all(&mut ctx)?;
    Ok(ctx)
}

fn config() -> SessionConfig {
    SessionConfig::new().with_target_partitions(2)
}

/// Customers of ten features of 32 bits.
async fn write(
    folder: &Path,
    rows: usize,
    campaigns: usize,
    files: usize,
) -> Result<(), Box<dyn Error>> {
    let features: Vec<String> = (1..=10)
        .map(|n| format!("CAST(sin(value * {n}.7) * cos(value * 0.{n}3) AS FLOAT) AS f{n}"))
        .collect();
    for file in 0..files {
        let (from, to) = (rows * file / files, rows * (file + 1) / files);
        let sql = format!(
            "COPY (SELECT value % {campaigns} AS campaign, {},
                          CAST(CASE WHEN value % 5 = 0 THEN exp(sin(value * 3.3)) ELSE 0 END AS FLOAT) AS ltv
                   FROM range({from}, {to})) TO '{}/{file}.parquet'",
            features.join(", "),
            folder.display()
        );
        local()?.sql(&sql).await?.collect().await?;
    }
    Ok(())
}

/// The shortest time of a query, and its result.
async fn run(ctx: &SessionContext, sql: &str) -> Result<(Duration, String), Box<dyn Error>> {
    let mut fastest = (Duration::MAX, String::new());
    for _ in 0..RUNS {
        let begin = Instant::now();
        let rows = ctx.sql(sql).await?.collect().await?;
        let took = begin.elapsed();
        if took < fastest.0 {
            fastest = (took, pretty_format_batches(&rows)?.to_string());
        }
    }
    Ok(fastest)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let numbers: Vec<usize> =
        std::env::args().skip(1).map(|text| text.parse()).collect::<Result<_, _>>()?;
    let number = |index: usize, otherwise| numbers.get(index).copied().unwrap_or(otherwise);
    let (rows, campaigns, files) = (number(0, 5_000_000), number(1, 200), number(2, 16));
    let folder = tempfile::tempdir()?;
    write(folder.path(), rows, campaigns, files).await?;
    let features = (1..=10).map(|n| format!("f{n}: f{n}")).collect::<Vec<_>>().join(", ");
    let (_first, one) = worker()?;
    let (_second, two) = worker()?;
    let cluster =
        ziln_cluster::connect(config(), vec![one.parse()?, two.parse()?])?.enable_url_table();
    for (name, options) in [("sgd", "{epochs: 1}"), ("sgd", "{max_rows: 2000}")] {
        let sql = format!(
            "SELECT campaign, ziln_fit_{name}(ltv, {{{features}}}, {options}) AS model FROM '{}/'
             GROUP BY campaign ORDER BY campaign",
            folder.path().display()
        );
        let (local, expected) = run(&local()?, &sql).await?;
        let (cluster, got) = run(&cluster, &sql).await?;
        let ratio = cluster.as_secs_f64() / local.as_secs_f64();
        let is_equal = if got == expected { "equal" } else { "OTHER" };
        eprintln!(
            "{options}: local {local:.1?}, two workers {cluster:.1?}, {ratio:.2} times; models are {is_equal}"
        );
    }
    Ok(())
}
