//! The script of the demo, on real customers: on a cluster it prints and writes what it does without one.

use std::fs;
use std::path::{Path, PathBuf};

use datafusion::error::Result;

use crate::processes::{local, on, runtime, text, workers};

/// The statements of a script. (A semicolon at the end of a line ends one.)
fn statements(script: &str) -> Vec<String> {
    let lines = script.lines().filter(|line| !line.starts_with("--"));
    let sql = lines.collect::<Vec<_>>().join("\n");
    let parts = sql.split(";\n").map(|part| part.trim().trim_end_matches(';').to_owned());
    parts.filter(|part| !part.is_empty()).collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The purchases of CDNOW.
pub fn purchases() -> PathBuf {
    let purchases = root().join("data/cdnow.parquet").canonicalize();
    purchases.expect("python scripts/cdnow_to_parquet.py data/cdnow.parquet makes it")
}

#[test]
fn cdnow_is_the_same_on_a_cluster() -> Result<()> {
    let purchases = purchases();
    let script = fs::read_to_string(root().join("sql/cdnow.sql"))?;
    let workers = workers(2);
    runtime().block_on(async {
        let mut results = Vec::new();
        let sessions =
            [local(2), on(&workers, 1), on(&workers, 2), on(&workers, 8), on(&workers[..1], 2)];
        for ctx in sessions {
            let folder = tempfile::tempdir()?;
            let mut texts = Vec::new();
            for sql in statements(&script) {
                let sql = sql
                    .replace("data/cdnow.parquet", &purchases.display().to_string())
                    .replace("'output/", &format!("'{}/", folder.path().display()));
                texts.push(text(&ctx, &sql).await?);
            }
            // All digits, and the texts of the models.
            for file in ["cdnow_models", "cdnow_scored"] {
                let path = folder.path().join(format!("{file}.parquet"));
                texts.push(
                    text(&local(1), &format!("SELECT * FROM '{}' ORDER BY 1", path.display()))
                        .await?,
                );
            }
            results.push(texts);
        }
        for result in &results[1..] {
            for (got, expected) in result.iter().zip(&results[0]) {
                // The texts that say how to go on name the folder.
                if !expected.contains("what a model learnt") {
                    assert_eq!(got, expected);
                }
            }
        }
        Ok(())
    })
}
