//! Workers and shells as processes, and sessions on them.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use datafusion::arrow::record_batch::RecordBatch;
use datafusion::arrow::util::pretty::pretty_format_batches;
use datafusion::error::Result;
use datafusion::prelude::{SessionConfig, SessionContext};
use tokio::runtime::Runtime;

/// No query of these tests takes as long; a query that does hangs.
pub const DEADLINE: Duration = Duration::from_mins(1);

/// The program of this package.
pub fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_ziln-cluster"))
}

/// A worker, which is killed in the end.
pub struct Worker {
    process: Child,
    pub url: String,
}

impl Worker {
    /// A worker on a port that is free.
    pub fn start() -> Self {
        Self::start_on("127.0.0.1:0")
    }

    /// A worker on an address: after one on the same was killed, the system may need a moment.
    pub fn start_on(address: &str) -> Self {
        let begin = Instant::now();
        loop {
            let mut process = program()
                .args(["worker", "--threads", "2", "--listen", address])
                .stdout(Stdio::piped())
                .spawn()
                .expect("a worker starts");
            let output = process.stdout.take().expect("an output");
            let mut line = String::new();
            BufReader::new(output).read_line(&mut line).expect("a line");
            if let Some(url) = line.trim().strip_prefix("worker on ") {
                return Self { process, url: url.to_owned() };
            }
            _ = process.wait();
            assert!(begin.elapsed() < DEADLINE, "no worker on {address}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Ends it at once, as a lack of memory or of power does.
    pub fn kill(&mut self) {
        self.process.kill().expect("a process that can be killed");
        self.process.wait().expect("a process that ended");
    }

    /// Stops it without closing its connections; it is killed in the end all the same.
    pub fn stop(&self) {
        let id = self.process.id().to_string();
        let kill = Command::new("kill").args(["-STOP", &id]).status().expect("kill runs");
        assert!(kill.success());
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
    }
}

pub fn workers(number: usize) -> Vec<Worker> {
    (0..number).map(|_| Worker::start()).collect()
}

/// Where workers are, as `--cluster` takes it.
pub fn urls(workers: &[Worker]) -> String {
    workers.iter().map(|worker| worker.url.as_str()).collect::<Vec<_>>().join(",")
}

/// A runtime whose threads have room for plans of a build that is not optimised.
pub fn runtime() -> Runtime {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime.worker_threads(2).thread_stack_size(1 << 26).enable_all().build().expect("a runtime")
}

fn config(partitions: usize) -> SessionConfig {
    SessionConfig::new().with_target_partitions(partitions).with_information_schema(true)
}

/// A session on workers.
pub fn on(workers: &[Worker], partitions: usize) -> SessionContext {
    let addresses = workers.iter().map(|worker| worker.url.parse().expect("an address"));
    let ctx = ziln_cluster::connect(config(partitions), addresses.collect());
    ctx.expect("a session").enable_url_table()
}

/// A session without a cluster.
pub fn local(partitions: usize) -> SessionContext {
    let mut ctx = SessionContext::new_with_config(config(partitions)).enable_url_table();
    ziln::udf::register_all(&mut ctx).expect("functions");
    ctx
}

/// The rows of a query, within the deadline.
pub async fn rows(ctx: &SessionContext, sql: &str) -> Result<Vec<RecordBatch>> {
    let rows = async { ctx.sql(sql).await?.collect().await };
    let rows = tokio::time::timeout(DEADLINE, rows).await;
    rows.unwrap_or_else(|_| panic!("hangs: {sql}"))
}

/// The result of a query as text, in which numbers have all their digits.
pub async fn text(ctx: &SessionContext, sql: &str) -> Result<String> {
    Ok(pretty_format_batches(&rows(ctx, sql).await?)?.to_string())
}

/// How a process ended, its output and its errors, within the deadline.
pub fn ended(command: &mut Command) -> (Option<i32>, String, String) {
    let mut process = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let id = process.id().to_string();
    let (done, is_done) = std::sync::mpsc::channel::<()>();
    // What is not read may keep the process from ending, so the clock is on a thread of its own.
    let clock = std::thread::spawn(move || {
        let hangs = is_done.recv_timeout(DEADLINE).is_err();
        if hangs {
            _ = Command::new("kill").args(["-KILL", &id]).status();
        }
        hangs
    });
    let read = |stream: Box<dyn std::io::Read + Send>| {
        std::thread::spawn(move || std::io::read_to_string(stream).expect("text"))
    };
    let output = read(Box::new(process.stdout.take().expect("an output")));
    let errors = read(Box::new(process.stderr.take().expect("an output")));
    let status = process.wait().expect("the program ends");
    _ = done.send(());
    assert!(!clock.join().expect("a clock"), "hangs: {command:?}");
    (status.code(), output.join().expect("output"), errors.join().expect("errors"))
}
