//! Processes that die while queries run: the rows of a local session or an error, in time, and never other rows.

use std::time::{Duration, Instant};

use datafusion::error::Result;
use datafusion::prelude::SessionContext;

use crate::data::Customers;
use crate::processes::{Worker, ended, local, on, program, rows, runtime, text, urls, workers};

/// How often a worker is killed in a query, at points of time that are spread over it.
const KILLS: u32 = 10;

/// The rows of a query, during which something happens after a while.
async fn during(
    ctx: &SessionContext,
    sql: &str,
    wait: Duration,
    happens: impl FnOnce(),
) -> Result<String> {
    let (ctx, sql) = (ctx.clone(), sql.to_owned());
    let query = tokio::spawn(async move { text(&ctx, &sql).await });
    tokio::time::sleep(wait).await;
    happens();
    query.await.expect("a query without a panic")
}

/// How long a statement takes, at least.
async fn fastest(workers: &[Worker], sql: &str) -> Result<Duration> {
    let mut fastest = Duration::MAX;
    for _ in 0..3 {
        let begin = Instant::now();
        rows(&on(workers, 2), sql).await?;
        fastest = fastest.min(begin.elapsed());
    }
    Ok(fastest)
}

/// Kills one of two workers at points of time that are spread over a query, and returns how often that was an error.
fn kill_in(sql: &str) -> Result<u32> {
    runtime().block_on(async {
        let expected = text(&local(2), sql).await?;
        let mut workers = workers(2);
        // The first query opens files and connections.
        assert_eq!(text(&on(&workers, 2), sql).await?, expected);
        let whole = fastest(&workers, sql).await?;
        let mut errors = 0;
        for kill in 0..KILLS {
            let victim = kill as usize % 2;
            let ctx = on(&workers, 2);
            let wait = whole * (2 * kill + 1) / (2 * KILLS);
            match during(&ctx, sql, wait, || workers[victim].kill()).await {
                Ok(rows) => assert_eq!(rows, expected, "killed after {wait:?} of {whole:?}"),
                Err(error) => {
                    let error = error.to_string();
                    assert!(error.contains("a worker was lost"), "{error}");
                    assert!(error.contains(&workers[victim].url), "{error}");
                    errors += 1;
                }
            }
            // Whoever is left runs the query, and so does who comes again.
            assert_eq!(text(&ctx, sql).await?, expected);
            let address = workers[victim].url.replace("http://", "");
            workers[victim] = Worker::start_on(&address);
            assert_eq!(text(&ctx, sql).await?, expected);
        }
        eprintln!("{whole:?} a query, {errors} of {KILLS} kills were errors");
        Ok(errors)
    })
}

#[test]
fn a_worker_is_killed_while_it_scans() -> Result<()> {
    let customers = Customers::new(20_000, 4);
    let sql = format!(
        "SELECT campaign, count(DISTINCT sha512(md5(CAST(id AS VARCHAR)))) AS n, sum(visits) AS visits
         FROM {} GROUP BY campaign ORDER BY campaign",
        customers.table()
    );
    assert!(kill_in(&sql)? >= KILLS / 3);
    Ok(())
}

#[test]
fn a_worker_is_killed_while_it_trains() -> Result<()> {
    let customers = Customers::new(4_000, 2);
    let sql = format!(
        "SELECT campaign, ziln_fit_sgd(ltv, {{visits: visits, channel: channel}}, {{hidden: [16], epochs: 200, validation_fraction: 0}}) AS model
         FROM {} GROUP BY campaign ORDER BY campaign",
        customers.table()
    );
    assert!(kill_in(&sql)? >= KILLS / 3);
    Ok(())
}

/// The rows of the last stage go to the session as they come.
#[test]
fn a_worker_is_killed_in_the_last_stage() -> Result<()> {
    let customers = Customers::new(16_000, 4);
    let sql = format!(
        "SELECT c.id, sha512(CAST(c.id AS VARCHAR)) AS hash, d.ltv FROM {table} c JOIN {table} d ON c.id = d.id
         ORDER BY c.id",
        table = customers.table()
    );
    assert!(kill_in(&sql)? >= KILLS / 3);
    Ok(())
}

#[test]
fn all_workers_are_gone() -> Result<()> {
    let customers = Customers::new(1_000, 2);
    let mut workers = workers(2);
    let sql = format!("SELECT sum(visits) AS n FROM {}", customers.table());
    runtime().block_on(async {
        let ctx = on(&workers, 2);
        let expected = text(&local(2), &sql).await?;
        assert_eq!(text(&ctx, &sql).await?, expected);
        let addresses: Vec<String> = workers.iter().map(|w| w.url.replace("http://", "")).collect();
        for worker in &mut workers {
            worker.kill();
        }
        let error = text(&ctx, &sql).await.expect_err("no worker").to_string();
        assert!(error.contains("no worker of the cluster answers"), "{error}");
        assert!(addresses.iter().all(|address| error.contains(address.as_str())), "{error}");
        // Queries that need no worker go on.
        assert!(text(&ctx, "SELECT ziln_pay_prob(0.0, 1.0, 1.0) AS p").await?.contains("0.5"));
        // There is no scheduler; what comes again is used again, by the same session.
        for (worker, address) in workers.iter_mut().zip(&addresses) {
            *worker = Worker::start_on(address);
        }
        assert_eq!(text(&ctx, &sql).await?, expected);
        Ok(())
    })
}

/// A worker that neither answers nor closes its connections: a machine without power, or a process that is stopped.
#[test]
fn a_worker_that_is_silent_ends_with_the_deadline() -> Result<()> {
    let customers = Customers::new(60_000, 4);
    let workers = workers(2);
    let sql = format!(
        "SELECT campaign, count(DISTINCT sha512(md5(CAST(id AS VARCHAR)))) AS n FROM {} GROUP BY campaign",
        customers.table()
    );
    runtime().block_on(async {
        let ctx = on(&workers, 2);
        text(&ctx, "SET cluster.deadline_seconds = 5").await?;
        let begin = Instant::now();
        let result = during(&ctx, &sql, Duration::from_millis(300), || workers[0].stop()).await;
        let error = result.expect_err("no answer").to_string();
        assert!(error.contains("did not end in 5 seconds"), "{error}");
        assert!(begin.elapsed() < Duration::from_secs(30));
        // The next query goes on without it.
        let count = format!("SELECT sum(visits) AS n FROM {}", customers.table());
        text(&ctx, "SET cluster.deadline_seconds = 60").await?;
        assert_eq!(text(&ctx, &count).await?, text(&local(2), &count).await?);
        Ok(())
    })
}

/// A file of which a part was not written has another name.
#[test]
fn a_copy_that_is_interrupted_leaves_no_file() -> Result<()> {
    let customers = Customers::new(40_000, 4);
    let mut workers = workers(2);
    let target = customers.path().join("copy.parquet");
    let copy = format!(
        "COPY (SELECT id, sha512(md5(CAST(id AS VARCHAR))) AS hash FROM {} ORDER BY hash) TO '{}'",
        customers.table(),
        target.display()
    );
    let count = format!("SELECT count(*) AS n FROM '{}'", target.display());
    runtime().block_on(async {
        let whole = fastest(&workers, &copy).await?;
        let mut errors = 0;
        for tenth in [3, 5, 7, 9] {
            std::fs::remove_file(&target)?;
            let ctx = on(&workers, 2);
            let result = during(&ctx, &copy, whole * tenth / 10, || workers[0].kill()).await;
            errors += u32::from(result.is_err());
            assert!(result.is_err() || target.exists());
            // The last thing that can fail comes after the file: then it has all rows.
            if target.exists() {
                assert!(text(&local(1), &count).await?.contains("40000"), "{result:?}");
            }
            workers[0] = Worker::start();
            text(&on(&workers, 2), &copy).await?;
        }
        assert!(errors > 0, "no kill was in time");
        // The session itself is killed.
        std::fs::remove_file(&target)?;
        let mut shell = program();
        shell.args(["sql", "--cluster", &urls(&workers), "--command", &copy]);
        let mut shell = shell.spawn().expect("a shell");
        tokio::time::sleep(whole / 2).await;
        shell.kill().expect("a shell that runs");
        shell.wait().expect("a shell that ended");
        assert!(!target.exists());
        // What it left behind hinders nobody.
        text(&on(&workers, 2), &copy).await?;
        assert!(text(&on(&workers, 2), &count).await?.contains("40000"));
        Ok(())
    })
}

/// The shell as a user has it.
#[test]
fn the_shell_says_what_happened() {
    let customers = Customers::new(100, 2);
    let mut workers = workers(1);
    let sql = format!("SELECT sum(visits) AS n FROM {}", customers.table());
    let mut shell = program();
    let url = urls(&workers);
    shell.args(["sql", "--cluster", &url, "--quiet", "--format", "csv", "--command", &sql]);
    assert_eq!(ended(&mut shell), (Some(0), "n\n495\n".to_owned(), String::new()));
    workers[0].kill();
    let (status, output, errors) = ended(&mut shell);
    assert_eq!((status, output.as_str()), (Some(1), ""));
    assert!(errors.contains("no worker of the cluster answers"), "{errors}");
}
