//! Runs `slt/*.slt`.
//!
//! A file starts in a fresh session. Values are compared as text, but numbers with a point or an exponent by their
//! value: they were computed by other programs. Tables that several files need are in `slt/tables`.

use std::path::{Path, PathBuf};

use datafusion::arrow::datatypes::DataType;
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::error::DataFusionError;
use datafusion::prelude::SessionContext;
use sqllogictest::{DB, DBOutput, DefaultColumnType, Normalizer, Runner};

use crate::session::{function_names, session};

/// Greatest relative error of a number.
const TOLERANCE: f64 = 1e-12;

#[test]
fn one_partition_and_large_batches() {
    run_all(1, 8192);
}

#[test]
fn several_partitions_and_tiny_batches() {
    run_all(3, 2);
}

#[test]
fn every_function_has_a_file() {
    let names: Vec<String> = files()
        .iter()
        .filter_map(|path| path.file_stem()?.to_str().map(str::to_owned))
        .filter(|name| name.starts_with("ziln_"))
        .collect();
    assert_eq!(names, function_names());
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sql/slt")
}

fn files() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder()).expect("the folder of the files");
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "slt"))
        .collect();
    files.sort();
    files
}

fn run_all(partitions: usize, batch_size: usize) {
    let failures: Vec<String> =
        files().iter().flat_map(|file| run_file(file, partitions, batch_size)).collect();
    assert!(failures.is_empty(), "{} failed\n\n{}", failures.len(), failures.join("\n\n"));
}

/// Runs all records of a file, those after a failure too.
fn run_file(file: &Path, partitions: usize, batch_size: usize) -> Vec<String> {
    let mut runner = Runner::new(|| async { Ok(Database::new(session(partitions, batch_size))) });
    runner.with_validator(same_rows);
    runner.with_column_validator(sqllogictest::strict_column_validator);
    let records = sqllogictest::parse_file::<DefaultColumnType>(file)
        .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    records
        .into_iter()
        .filter_map(|record| runner.run(record).err())
        .map(|error| error.to_string())
        .collect()
}

struct Database {
    context: SessionContext,
    runtime: tokio::runtime::Runtime,
}

impl Database {
    fn new(context: SessionContext) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build();
        Self { context, runtime: runtime.expect("a runtime") }
    }
}

impl DB for Database {
    type Error = DataFusionError;
    type ColumnType = DefaultColumnType;

    fn run(&mut self, sql: &str) -> Result<DBOutput<DefaultColumnType>, DataFusionError> {
        self.runtime.block_on(output(&self.context, sql))
    }
}

async fn output(
    context: &SessionContext,
    sql: &str,
) -> Result<DBOutput<DefaultColumnType>, DataFusionError> {
    let frame = context.sql(sql).await?;
    let types: Vec<_> =
        frame.schema().fields().iter().map(|field| column_type(field.data_type())).collect();
    let batches = frame.collect().await?;
    if types.is_empty() {
        return Ok(DBOutput::StatementComplete(0));
    }
    let options = FormatOptions::new().with_null("NULL");
    let mut rows = Vec::new();
    for batch in &batches {
        let columns = batch
            .columns()
            .iter()
            .map(|column| ArrayFormatter::try_new(column, &options))
            .collect::<Result<Vec<_>, _>>()?;
        for row in 0..batch.num_rows() {
            rows.push(columns.iter().map(|column| column.value(row).to_string()).collect());
        }
    }
    Ok(DBOutput::Rows { types, rows })
}

fn column_type(data_type: &DataType) -> DefaultColumnType {
    match data_type {
        _ if data_type.is_integer() => DefaultColumnType::Integer,
        _ if data_type.is_floating() => DefaultColumnType::FloatingPoint,
        _ if data_type.is_string() => DefaultColumnType::Text,
        _ => DefaultColumnType::Any,
    }
}

fn same_rows(normalizer: Normalizer, actual: &[Vec<String>], expected: &[String]) -> bool {
    actual.len() == expected.len()
        && actual.iter().zip(expected).all(|(actual, expected)| {
            let actual = normalizer(&actual.join(" "));
            let expected = normalizer(expected);
            let (actual, expected): (Vec<_>, Vec<_>) =
                (actual.split(' ').collect(), expected.split(' ').collect());
            actual.len() == expected.len()
                && actual.iter().zip(expected).all(|(actual, expected)| same(actual, expected))
        })
}

fn same(actual: &str, expected: &str) -> bool {
    actual == expected
        || match (number(actual), number(expected)) {
            (Some((actual, around)), Some((expected, also))) => {
                around == also && (actual - expected).abs() <= TOLERANCE * expected.abs()
            }
            _ => false,
        }
}

/// The number of a word such as `2.5}`, and what stands around it. Integers are not such numbers.
fn number(word: &str) -> Option<(f64, (&str, &str))> {
    let inner = word.trim_matches(['{', '}', '[', ']', ',']);
    let value = inner.contains(['.', 'e']).then(|| inner.parse().ok())??;
    Some((value, word.split_once(inner)?))
}
