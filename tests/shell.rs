//! The `ziln` shell as a program: what it writes where, and how it ends.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]
#![cfg(feature = "cli")]

use std::io::Write;
use std::process::{Command, Stdio};

/// How the shell ended: its status, what it wrote, and what it complained about.
struct Ended {
    status: Option<i32>,
    output: String,
    errors: String,
}

fn ended(command: &mut Command, input: &[u8]) -> Ended {
    let mut shell = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the shell starts");
    // A shell that refuses its arguments reads nothing.
    _ = shell.stdin.take().expect("an input").write_all(input);
    let ended = shell.wait_with_output().expect("the shell ends");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    Ended { status: ended.status.code(), output: text(ended.stdout), errors: text(ended.stderr) }
}

fn shell() -> Command {
    Command::new(env!("CARGO_BIN_EXE_ziln"))
}

/// The shell with SQL piped in.
fn piped(sql: &str) -> Ended {
    ended(shell().args(["--quiet", "--format", "csv"]), sql.as_bytes())
}

#[test]
fn piped_statements_are_run() {
    let shell =
        piped("-- one\nSELECT 1 AS a;\nSELECT round(ziln_expected_ltv(0.4, 0.5, 0.6), 3)\n  AS b");
    assert_eq!(
        (shell.status, shell.output.as_str()),
        (Some(0), "a\n1\nb\n1.691\n"),
        "{}",
        shell.errors
    );
    assert_eq!(shell.errors, "");
    let shell = piped("");
    assert_eq!((shell.status, shell.output.as_str()), (Some(0), ""), "{}", shell.errors);
}

#[test]
fn piped_statements_end_with_the_first_error() {
    let shell = piped("SELECT 1 AS a;\nSELECT nope;\nSELECT 2;\n");
    assert_eq!((shell.status, shell.output.as_str()), (Some(1), "a\n1\n"));
    assert!(shell.errors.contains("nope"), "{}", shell.errors);
    let shell = piped("SELECT nope;\nSELECT 2;\n");
    assert_eq!((shell.status, shell.output.as_str()), (Some(1), ""));
    let shell = piped("SELECT 'open;\n");
    assert_eq!((shell.status, shell.output.as_str()), (Some(1), ""));
    let shell = ended(&mut self::shell(), b"SELECT '\xff';\n");
    assert_eq!((shell.status, shell.output.as_str()), (Some(1), ""));
    assert!(shell.errors.contains("cannot read the input"), "{}", shell.errors);
}

#[test]
fn piped_commands_are_run_between_statements() {
    let shell = piped(
        "SELECT 1 AS a;\n\\pset format json\n\\quiet on\nSELECT 2 AS b;\nSELECT '\n\\q' AS c;\n\\q\nSELECT nope;\n",
    );
    let expected = "a\n1\n[{\"b\":2}]\n[{\"c\":\"\\n\\\\q\"}]\n";
    assert_eq!((shell.status, shell.output.as_str()), (Some(0), expected), "{}", shell.errors);
    let shell = piped("\\pset\n");
    assert_eq!((shell.status, shell.output.as_str()), (Some(0), "Output format is Csv.\n"));
    for command in ["\\nope", "\\", "\\pset format nope", "\\i no such file"] {
        let shell = piped(&format!("{command}\nSELECT 2;\n"));
        assert_eq!((shell.status, shell.output.as_str()), (Some(1), ""), "{command}");
        assert!(shell.errors.starts_with("Error: "), "{command}: {}", shell.errors);
    }
}

#[test]
fn files_and_commands_end_with_the_first_error() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("script.sql");
    std::fs::write(&file, "SELECT 1 AS a;\nSELECT nope;\nSELECT 2;\n").expect("a file");
    let file = file.to_str().expect("a path");
    for arguments in [["--file", file], ["--command", "SELECT 1 AS a; SELECT nope; SELECT 2"]] {
        let shell = ended(shell().args(["--quiet", "--format", "csv"]).args(arguments), b"");
        assert_eq!((shell.status, shell.output.as_str()), (Some(1), "a\n1\n"), "{arguments:?}");
    }
    let shell = piped(&format!("\\i {file}\nSELECT 3;\n"));
    assert_eq!((shell.status, shell.output.as_str()), (Some(1), "a\n1\n"), "{}", shell.errors);
}

#[test]
fn numbers_out_of_range_are_refused() {
    let refused = [
        ("--batch-size=0", "0 is not in 1..=1048576"),
        ("--batch-size=1099511627776", "1099511627776 is not in 1..=1048576"),
        ("--batch-size=-1", "invalid digit"),
        ("--batch-size=99999999999999999999999", "number too large"),
        ("--memory-limit=0", "0 is not in 1..=17592186044415"),
        ("--memory-limit=18446744073709551615", "is not in 1..=17592186044415"),
    ];
    for (option, message) in refused {
        let shell = ended(shell().args([option, "-c", "SELECT 1"]), b"");
        assert_eq!((shell.status, shell.output.as_str()), (Some(2), ""), "{option}");
        assert!(shell.errors.contains(message), "{option}: {}", shell.errors);
    }
    let most = ["-b", "1048576", "-m", "1000", "-q", "-c", "SELECT sum(value) FROM range(0, 9)"];
    let shell = ended(shell().args(most), b"");
    assert_eq!(shell.status, Some(0), "{}", shell.errors);
}

/// Values with which queries would end the process, as a setting is named and written.
const RUINOUS: [(&str, &str); 30] = [
    ("datafusion.execution.batch_size", "1099511627776"),
    ("datafusion.execution.batch_size", "'1099511627776'"),
    ("datafusion.execution.batch_size", "\"1099511627776\""),
    ("datafusion.execution.batch_size", "+1099511627776"),
    ("\"datafusion.execution.batch_size\"", "1099511627776"),
    ("\"datafusion\".execution.\"batch_size\"", "1099511627776"),
    ("DataFusion.Execution.Batch_Size", "1099511627776"),
    ("datafusion /* rows */ . execution\n.batch_size", "18446744073709551615"),
    ("datafusion.execution.target_partitions", "100000000"),
    ("\"datafusion.execution.target_partitions\"", "'+100000000'"),
    ("datafusion.execution.minimum_parallel_output_files", "1099511627776"),
    ("datafusion.execution.objectstore_writer_buffer_size", "0"),
    ("datafusion.execution.max_buffered_batches_per_output_file", "2305843009213693952"),
    ("datafusion.execution.hash_join_buffering_capacity", "2305843009213693952"),
    ("datafusion.execution.sort_pushdown_buffer_capacity", "18446744073709551615"),
    ("datafusion.execution.perfect_hash_join_small_build_threshold", "1099511627776"),
    ("datafusion.execution.perfect_hash_join_min_key_density", "0"),
    ("datafusion.execution.perfect_hash_join_min_key_density", "'NaN'"),
    ("datafusion.execution.parquet.write_batch_size", "0"),
    ("datafusion.execution.parquet.max_row_group_size", "0"),
    ("datafusion.execution.parquet.column_index_truncate_length", "0"),
    ("datafusion.execution.parquet.statistics_truncate_length", "0"),
    ("datafusion.execution.parquet.maximum_parallel_row_group_writers", "0"),
    ("datafusion.execution.parquet.maximum_parallel_row_group_writers", "2305843009213693952"),
    ("datafusion.execution.parquet.maximum_buffered_record_batches_per_stream", "0"),
    (
        "datafusion.execution.parquet.maximum_buffered_record_batches_per_stream",
        "9223372036854775807",
    ),
    ("datafusion.execution.parquet.bloom_filter_fpp", "0"),
    ("datafusion.execution.parquet.bloom_filter_fpp", "1"),
    ("datafusion.execution.parquet.bloom_filter_fpp", "-0.5"),
    ("datafusion.execution.parquet.bloom_filter_fpp", "'NaN'"),
];

#[test]
fn ruinous_settings_are_refused_however_they_are_written() {
    for (name, value) in RUINOUS {
        for set in [format!("SET {name} = {value}"), format!("SET {name} TO {value}")] {
            let shell = piped(&format!("SELECT 1 AS a;\n{set};\nSELECT 2;"));
            assert_eq!((shell.status, shell.output.as_str()), (Some(1), "a\n1\n"), "{set}");
            let plain = name.to_lowercase().replace(['"', ' ', '\n'], "").replace("/*rows*/", "");
            let expected = [plain.as_str(), ": expected ", " to ", ", got "];
            for text in expected {
                assert!(shell.errors.contains(text), "{set}: {}", shell.errors);
            }
        }
    }
    let shell = piped("SET datafusion.execution.batch_size = 0;\nSELECT 1 AS a;");
    assert_eq!((shell.status, shell.output.as_str()), (Some(1), ""), "{}", shell.errors);
}

#[test]
fn ruinous_settings_of_the_environment_are_refused() {
    for (variable, value) in [
        ("DATAFUSION_EXECUTION_BATCH_SIZE", "1099511627776"),
        ("DATAFUSION_EXECUTION_TARGET_PARTITIONS", "100000000"),
        ("DATAFUSION_EXECUTION_MINIMUM_PARALLEL_OUTPUT_FILES", "1099511627776"),
        ("DATAFUSION_EXECUTION_OBJECTSTORE_WRITER_BUFFER_SIZE", "0"),
        ("DATAFUSION_EXECUTION_PARQUET_WRITE_BATCH_SIZE", "0"),
    ] {
        let shell = ended(shell().env(variable, value).args(["-c", "SELECT 1"]), b"");
        assert_eq!((shell.status, shell.output.as_str()), (Some(1), ""), "{}", shell.errors);
        let expected = format!("{variable}: expected 1 to ");
        assert!(shell.errors.contains(&expected), "{}", shell.errors);
    }
}

#[test]
fn ruinous_options_of_files_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.parquet").display().to_string();
    for (option, expected) in [
        ("format.write_batch_size 0", "format.write_batch_size: expected 1 to "),
        ("max_row_group_size 0", "format.max_row_group_size: expected 1 to "),
        (
            "bloom_filter_fpp 2",
            "format.bloom_filter_fpp: expected 0.000000001 to 0.999999999, got 2",
        ),
        ("'format.bloom_filter_fpp::a' 0", "format.bloom_filter_fpp::a: expected 0.000000001 to "),
    ] {
        for statement in [
            format!("COPY (SELECT 1 AS a) TO '{path}' OPTIONS ({option})"),
            format!("EXPLAIN ANALYZE COPY (SELECT 1 AS a) TO '{path}' OPTIONS ({option})"),
            format!(
                "CREATE EXTERNAL TABLE t (a BIGINT) STORED AS PARQUET LOCATION '{path}' OPTIONS ({option})"
            ),
        ] {
            let shell = piped(&format!("{statement};\nSELECT 2;"));
            assert_eq!((shell.status, shell.output.as_str()), (Some(1), ""), "{statement}");
            assert!(shell.errors.contains(expected), "{statement}: {}", shell.errors);
        }
    }
    let shell = piped(&format!(
        "COPY (SELECT 1 AS a) TO '{path}' OPTIONS (write_batch_size 1, bloom_filter_fpp 0.5);
         COPY (SELECT 1 AS a) TO '{path}.csv' STORED AS CSV OPTIONS (has_header false);
         SELECT a FROM '{path}'"
    ));
    assert_eq!((shell.status, shell.output.as_str()), (Some(0), "count\n1\ncount\n1\na\n1\n"));
}

#[test]
fn chunks_of_parquet_files_are_bounded_if_there_are_any() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.parquet").display().to_string();
    let chunking = "datafusion.execution.parquet.content_defined_chunking";
    let set = |name: &str, value: &str| format!("SET {chunking}.{name} = {value};\n");
    let enabled = set("enabled", "true");
    for (name, value, expected) in [
        ("min_chunk_size", "0", "min_chunk_size: expected 1 to 9223372036854775807, got 0"),
        ("max_chunk_size", "0", "max_chunk_size: expected 2 to 9223372036854775807, got 0"),
        ("norm_level", "-2147483648", "norm_level: expected -64 to 64, got -2147483648"),
    ] {
        for sql in [format!("{enabled}{}", set(name, value)), set(name, value) + &enabled] {
            let shell = piped(&sql);
            assert_eq!((shell.status, shell.output.as_str()), (Some(1), ""), "{sql}");
            assert!(shell.errors.contains(expected), "{sql}: {}", shell.errors);
        }
    }
    // One size may be set before the other, but files are written with sizes in order.
    let write = format!("COPY (SELECT 1 AS a) TO '{path}';\n");
    let sql = enabled.clone() + &set("max_chunk_size", "100") + &write;
    let shell = piped(&sql);
    assert_eq!((shell.status, shell.output.as_str()), (Some(1), ""));
    let expected = "min_chunk_size: expected less than max_chunk_size, which is 100, got 262144";
    assert!(shell.errors.contains(expected), "{}", shell.errors);
    let sizes = [("min_chunk_size", "2097152"), ("max_chunk_size", "4194304")];
    let reset = format!("RESET {chunking}.min_chunk_size;\n{write}");
    let csv = format!("COPY (SELECT 1 AS a) TO '{path}.csv' STORED AS CSV;\n");
    let sql =
        enabled + &sizes.map(|(name, value)| set(name, value)).concat() + &write + &reset + &csv;
    let shell = piped(&sql);
    let counts = "count\n1\n".repeat(3);
    assert_eq!((shell.status, shell.output), (Some(0), counts), "{}", shell.errors);
}

/// DataFusion takes the name of an encoding that the writer of Parquet files panics on.
#[test]
fn a_panic_of_the_engine_is_an_error_of_its_statement() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.parquet").display().to_string();
    let shell = piped(&format!(
        "SELECT 1 AS a;
         SET datafusion.execution.parquet.encoding = 'plain_dictionary';
         COPY (SELECT 1 AS a) TO '{path}';
         SELECT 2"
    ));
    assert_eq!((shell.status, shell.output.as_str()), (Some(1), "a\n1\n"), "{}", shell.errors);
    assert!(shell.errors.contains("internal error: "), "{}", shell.errors);
}

#[test]
fn settings_within_their_bounds_are_taken() {
    let shell = piped(
        "SET datafusion.execution.batch_size = 100;
         SET \"datafusion.execution.batch_size\" = '1048576';
         SET datafusion.execution.target_partitions = 0;
         SET datafusion.execution.target_partitions = 64;
         SET datafusion.execution.perfect_hash_join_min_key_density = 'inf';
         SET datafusion.execution.perfect_hash_join_small_build_threshold = 0;
         SET datafusion.execution.hash_join_buffering_capacity = 0;
         SET datafusion.execution.parquet.write_batch_size = 1;
         SET datafusion.execution.parquet.bloom_filter_fpp = 0.001;
         SET datafusion.runtime.memory_limit = '1G';
         CREATE TABLE t AS SELECT value AS a, value % 3 AS b FROM range(0, 1000);
         SELECT b, count(*) AS batch_size FROM t GROUP BY b ORDER BY b;
         SET datafusion.execution.target_partitions = 1024;
         SELECT sum(a) AS s FROM t;
         RESET datafusion.execution.batch_size;
         SELECT value FROM information_schema.df_settings WHERE name LIKE '%execution.batch_size'",
    );
    let expected = "b,batch_size\n0,334\n1,333\n2,333\ns\n499500\nvalue\n8192\n";
    assert_eq!((shell.status, shell.output.as_str()), (Some(0), expected), "{}", shell.errors);
}

/// Planning takes stack for every term of an expression.
#[test]
fn long_expressions_are_computed_or_refused() {
    let sum = |terms: usize| format!("SELECT {} AS a", vec!["1"; terms].join("+"));
    let shell = piped(&sum(500));
    assert_eq!((shell.status, shell.output.as_str()), (Some(0), "a\n500\n"), "{}", shell.errors);
    let endless = [
        sum(20_000),
        sum(1_000_000),
        format!("SELECT 1 AS a WHERE {}", vec!["1 IN (1, 2)"; 100_000].join(" OR ")),
        vec!["SELECT 1"; 100_000].join(" UNION ALL "),
        format!("SELECT [1]{}", "[1]".repeat(100_000)),
        format!("SELECT {}1{}", "(".repeat(100_000), ")".repeat(100_000)),
        format!("SELECT {}1", "- ".repeat(100_000)),
        format!("SELECT {}1", "- ".repeat(10_000)),
        format!("SELECT {}true", "NOT ".repeat(10_000)),
    ];
    for sql in endless {
        let shell = piped(&sql);
        assert_eq!((shell.status, shell.output.as_str()), (Some(1), ""), "{}", &sql[..40]);
        assert!(shell.errors.starts_with("Error: ") && shell.errors.len() < 1000, "{}", &sql[..40]);
    }
}

#[test]
fn many_statements_and_long_lists_are_no_deep_expressions() {
    let empty = "-- nothing;\n;\n".repeat(30_000);
    let list = format!("SELECT count(*) AS n FROM (VALUES (1){})", ", (1 + 1)".repeat(30_000));
    let shell = piped(&format!("{empty}{list}"));
    assert_eq!((shell.status, shell.output.as_str()), (Some(0), "n\n30001\n"), "{}", shell.errors);
}

#[test]
fn a_model_becomes_a_function() {
    let customers = "(SELECT value % 7 AS x, CASE WHEN value % 3 = 0 THEN value % 11 ELSE 0 END AS y FROM range(0, 500))";
    let table = format!(
        "CREATE TABLE models AS SELECT ziln_fit_sgd(y, {{x: x}}, {{epochs: 3}}) AS model FROM {customers};\n"
    );
    let shell = piped(&format!(
        "{table}CREATE FUNCTION spend() RETURN (SELECT model FROM models);
         SELECT bool_and(spend({{x: x}}) = ziln_expected_ltv(ziln_predict(model, {{x: x}}))) AS same FROM models, {customers};
         CREATE OR REPLACE FUNCTION spend() RETURN (SELECT model FROM models);
         DROP FUNCTION spend;
         SELECT spend({{x: 1}})"
    ));
    assert_eq!(
        (shell.status, shell.output.as_str()),
        (Some(1), "same\ntrue\n"),
        "{}",
        shell.errors
    );
    assert!(shell.errors.contains("spend"), "{}", shell.errors);
    for (statement, message) in [
        ("CREATE FUNCTION f() RETURN (SELECT 1)", "got a body of type Int64"),
        ("CREATE FUNCTION f() RETURN NULL", "expected"),
        ("CREATE FUNCTION f() RETURN 'yes'", "expected the text of a model"),
        (
            "CREATE FUNCTION f(x DOUBLE) RETURN (SELECT model FROM models)",
            "they are the features of the model",
        ),
        ("CREATE FUNCTION abs() RETURN (SELECT model FROM models)", "function abs exists"),
    ] {
        let shell = piped(&format!("{table}{statement}"));
        assert_eq!(shell.status, Some(1), "{statement}");
        assert!(shell.errors.contains(message), "{statement}: {}", shell.errors);
    }
}

/// The engine of a cluster is a program of its own, `ziln-cluster`.
#[cfg(unix)]
#[test]
fn a_cluster_needs_its_program() {
    let folder = tempfile::tempdir().expect("a folder");
    let alone = folder.path().join("ziln");
    std::fs::copy(env!("CARGO_BIN_EXE_ziln"), &alone).expect("a copy");
    let mut shell = Command::new(alone);
    shell.env("PATH", folder.path()).args(["--cluster", "http://127.0.0.1:1", "-c", "SELECT 1"]);
    let shell = ended(&mut shell, b"");
    assert_eq!((shell.status, shell.output.as_str()), (Some(1), ""));
    assert!(shell.errors.contains("--cluster needs the program ziln-cluster"), "{}", shell.errors);
}
