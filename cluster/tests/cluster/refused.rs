//! What is refused before a query runs, and by what words.

use datafusion::error::Result;
use datafusion::prelude::SessionConfig;
use datafusion_distributed::Worker as Engine;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::Server;

use crate::data::Customers;
use crate::processes::{ended, on, program, runtime, text, urls, workers};

#[test]
fn what_would_go_wrong_is_refused() -> Result<()> {
    let customers = Customers::new(100, 2);
    let workers = workers(1);
    let table = customers.table();
    let sum = format!("SELECT sum(visits) FROM {table}");
    let subquery = format!("SELECT sum(visits + (SELECT max(visits) FROM {table})) FROM {table}");
    let several =
        format!("SELECT id - (SELECT max(visits) FROM {table} GROUP BY campaign) FROM {table}");
    let cases = [
        (None, subquery.as_str(), ["does not run this subquery", "CROSS JOIN"]),
        (None, several.as_str(), ["must be seen to have one row", "LIMIT 1"]),
        (
            Some("datafusion.optimizer.enable_physical_uncorrelated_scalar_subquery = true"),
            sum.as_str(),
            ["other rows", "scalar_subquery = false"],
        ),
        (
            Some("datafusion.optimizer.preserve_file_partitions = 1"),
            sum.as_str(),
            ["other rows", "preserve_file_partitions = 0"],
        ),
        (
            Some("distributed.dynamic_task_count = true"),
            sum.as_str(),
            ["other rows", "dynamic_task_count = false"],
        ),
        (
            Some("distributed.partial_reduce = true"),
            sum.as_str(),
            ["other rows", "partial_reduce = false"],
        ),
    ];
    runtime().block_on(async {
        for (setting, sql, words) in cases {
            let ctx = on(&workers, 2);
            let run = async {
                if let Some(setting) = setting {
                    text(&ctx, &format!("SET {setting}")).await?;
                }
                text(&ctx, sql).await
            };
            let error = run.await.expect_err(sql).to_string();
            assert!(words.iter().all(|word| error.contains(word)), "{sql}: {error}");
        }
        Ok(())
    })
}

/// A name that workers know as another function would have other rows.
#[test]
fn functions_of_a_session_are_refused() {
    let customers = Customers::new(1_000, 2);
    let workers = workers(1);
    for name in ["spend", "abs", "ziln_pay_prob"] {
        let sql = format!(
            "CREATE OR REPLACE FUNCTION {name}() RETURN (SELECT ziln_fit_newton(ltv, {{visits: visits}}) FROM {table});
             SELECT sum({name}({{visits: visits}})) FROM {table}",
            table = customers.table()
        );
        let mut shell = program();
        shell.args(["sql", "--cluster", &urls(&workers), "--command", &sql]);
        let (status, output, errors) = ended(&mut shell);
        assert_eq!(status, Some(1), "{output}");
        assert!(errors.contains(&format!("function {name} is one of this session")), "{errors}");
    }
}

#[test]
fn addresses_that_are_none_are_refused() {
    for address in ["https://a:1", "a", "http://a:1/x", "", "http://user@a:1"] {
        let (status, _, errors) =
            ended(program().args(["sql", "-c", "SELECT 1", "--cluster", address]));
        assert_eq!(status, Some(2), "{address}");
        assert!(errors.contains("http://HOST:PORT"), "{errors}");
    }
}

/// A worker of another build would perhaps have other rows.
#[test]
fn workers_of_other_builds_are_refused() -> Result<()> {
    let customers = Customers::new(100, 1);
    runtime().block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let worker = Engine::default().with_version("ziln 0.0.9").into_worker_server();
        let server = Server::builder().add_service(worker);
        tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
        let ctx =
            ziln_cluster::connect(SessionConfig::new(), vec![url.parse()?])?.enable_url_table();
        let sql = format!("SELECT sum(visits) FROM {}", customers.table());
        let error = text(&ctx, &sql).await.expect_err("another build").to_string();
        let own = format!("ziln {}", ziln::shell::VERSION.as_str());
        assert!(error.contains("ziln 0.0.9") && error.contains(&own), "{error}");
        Ok(())
    })
}

/// A client without the words of this package is no client of these workers.
#[test]
fn clients_of_other_builds_are_refused() -> Result<()> {
    use datafusion::execution::SessionStateBuilder;
    use datafusion::prelude::SessionContext;
    use datafusion_distributed::{DistributedExt, SessionStateBuilderExt, WorkerResolver};
    use url::Url;

    struct Fixed(Url);
    impl WorkerResolver for Fixed {
        fn get_urls(&self) -> Result<Vec<Url>> {
            Ok(vec![self.0.clone(), self.0.clone()])
        }
    }

    let customers = Customers::new(100, 2);
    let workers = workers(1);
    runtime().block_on(async {
        let url = Url::parse(&workers[0].url).expect("a URL");
        let state = SessionStateBuilder::new()
            .with_default_features()
            .with_distributed_worker_resolver(Fixed(url))
            .with_distributed_file_scan_config_bytes_per_partition(1)?
            .with_distributed_planner()
            .build();
        let ctx = SessionContext::new_with_state(state).enable_url_table();
        let sql = format!("SELECT campaign, count(*) FROM {} GROUP BY campaign", customers.table());
        let error = text(&ctx, &sql).await.expect_err("no version").to_string();
        assert!(error.contains("no version of ziln"), "{error}");
        Ok(())
    })
}
