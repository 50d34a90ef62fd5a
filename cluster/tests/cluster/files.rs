//! Files of other kinds, which the session reads, and what is written.

use std::fmt::Write as _;
use std::fs;

use datafusion::error::Result;

use crate::data::Customers;
use crate::processes::{local, on, runtime, text, workers};

/// The options of such files are not sent to workers: they would read other rows, or none.
#[test]
fn files_other_than_parquet_are_read_by_the_session() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = |name: &str| folder.path().join(name).display().to_string();
    let mut csv = "id,note,ltv\n".to_owned();
    for id in 0..5_000 {
        _ = writeln!(csv, "{id},\"a\n{id},b,{id}\n\",{}", id % 7);
    }
    fs::write(path("breaks.csv"), csv)?;
    let workers = workers(2);
    runtime().block_on(async {
        let packed = format!(
            "COPY (SELECT value AS id, value % 7 AS ltv FROM range(0, 50000)) TO '{}'
             STORED AS CSV OPTIONS (compression 'gzip')",
            path("packed.csv.gz")
        );
        text(&local(1), &packed).await?;
        for partitions in [1, 8] {
            for ctx in [local(partitions), on(&workers, partitions)] {
                let tables = [
                    format!(
                        "CREATE EXTERNAL TABLE breaks (id BIGINT, note VARCHAR, ltv BIGINT)
                         STORED AS CSV LOCATION '{}' OPTIONS (has_header true, newlines_in_values true)",
                        path("breaks.csv")
                    ),
                    format!(
                        "CREATE EXTERNAL TABLE packed STORED AS CSV LOCATION '{}'
                         OPTIONS (has_header true, compression 'gzip')",
                        path("packed.csv.gz")
                    ),
                ];
                for sql in tables {
                    text(&ctx, &sql).await?;
                }
                for (table, expected) in [
                    ("breaks", "| 5000 | 4999 |"),
                    ("packed", "| 50000 | 49999 |"),
                ] {
                    let sql = format!(
                        "SELECT count(ltv) AS n, max(id) AS last FROM {table} WHERE ltv >= 0"
                    );
                    let got = text(&ctx, &sql).await?;
                    assert!(got.contains(expected), "{table}: {got}");
                }
            }
        }
        Ok(())
    })
}

/// Relative paths are those of the session, which also writes.
#[test]
fn tables_are_made_and_written() -> Result<()> {
    let customers = Customers::new(2_000, 3);
    let workers = workers(2);
    let output = |name: &str| customers.path().join(name).display().to_string();
    runtime().block_on(async {
        let mut texts = Vec::new();
        for (name, ctx) in [("local", local(2)), ("cluster", on(&workers, 2))] {
            let path = output(&format!("{name}.parquet"));
            let statements = [
                format!(
                    "CREATE TABLE models AS SELECT campaign, ziln_fit_newton(ltv, {{visits: visits}}) AS model
                     FROM {} GROUP BY campaign",
                    customers.table()
                ),
                format!(
                    "CREATE VIEW scored AS SELECT id, ziln_predict(model, {{visits: visits}}) AS params
                     FROM {} JOIN models USING (campaign)",
                    customers.table()
                ),
                format!("COPY (SELECT * FROM scored) TO '{path}'"),
                format!("CREATE EXTERNAL TABLE read STORED AS PARQUET LOCATION '{path}'"),
                format!(
                    "CREATE EXTERNAL TABLE kept (id BIGINT, ltv DOUBLE) STORED AS PARQUET LOCATION '{}/'",
                    output(&format!("kept-{name}"))
                ),
                format!("INSERT INTO kept SELECT id, ltv FROM {} WHERE id < 100", customers.table()),
            ];
            for sql in statements {
                text(&ctx, &sql).await?;
            }
            texts.push([
                text(&ctx, "SELECT * FROM read ORDER BY id").await?,
                text(&ctx, "SELECT * FROM kept ORDER BY id").await?,
                text(&ctx, "SELECT count(*) FROM models").await?,
            ]);
        }
        assert_eq!(texts[0], texts[1]);
        Ok(())
    })
}

#[test]
fn an_empty_table_has_no_rows() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let workers = workers(2);
    runtime().block_on(async {
        let mut texts = Vec::new();
        for ctx in [local(2), on(&workers, 2)] {
            let location = folder.path().display();
            let table = format!("CREATE EXTERNAL TABLE none (ltv DOUBLE, x DOUBLE) STORED AS PARQUET LOCATION '{location}/'");
            text(&ctx, &table).await?;
            texts.push(text(&ctx, "SELECT count(*) AS n, ziln_fit_sgd(ltv, {x: x}) AS model FROM none").await?);
        }
        assert_eq!(texts[0], texts[1]);
        Ok(())
    })
}
