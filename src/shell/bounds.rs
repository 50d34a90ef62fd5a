//! Bounds of settings: with a value beyond them a query, or what it writes, would end the process or never end.

use std::fmt::Display;
use std::ops::RangeInclusive;

use datafusion::common::config::{
    ConfigOptions, ParquetCdcOptions, ParquetOptions, TableParquetOptions,
};
use datafusion::common::config_err;
use datafusion::error::Result;

/// Rows that a batch may have: room for so many is made before there is one.
pub(super) const BATCH_SIZES: RangeInclusive<u64> = 1..=1 << 20;

/// Partitions that a query may have, and files that its output may begin with. Rows go from each partition to each, so that
/// memory grows with the square of their number: joins of three tables of 200,000 rows took 1.5 GiB with 1,024 partitions
/// and 20 GiB with 4,096.
const PARTITIONS: RangeInclusive<u64> = 1..=1 << 10;

/// What the writer of a file takes: one without room for any writes without end, or panics.
const AT_LEAST_ONE: RangeInclusive<u64> = 1..=u64::MAX;

/// What may wait between two tasks: their semaphores panic beyond so many permits.
const MOST_WAITING: u64 = u64::MAX >> 3;

/// Keys of a join from the least to the greatest, each of which has a slot of four bytes however few there are.
const KEYS: RangeInclusive<u64> = 0..=1 << 28;

/// Rows that there must be for each of those slots; with less, a few rows far apart take all memory.
const DENSITIES: RangeInclusive<f64> = 0.01..=f64::INFINITY;

/// The share of false hits of a filter, which has no size at 0 and 1.
const FALSE_HITS: RangeInclusive<f64> = 1e-9..=0.999_999_999;

/// Bytes of a chunk that its content ends, which are counted with a sign, and levels within which they are normalised.
const MOST_CHUNK: u64 = i64::MAX as u64;
const CHUNK_LEVELS: RangeInclusive<i32> = -64..=64;

/// A setting beyond its bounds: its name, and what was expected and came. None for one within.
type Beyond = Option<(&'static str, String)>;

/// Refuses settings of which one is beyond its bounds. `spell` is how the name of one is said.
pub(super) fn check(options: &ConfigOptions, spell: impl Fn(&str) -> String) -> Result<()> {
    let of = &options.execution;
    let waiting = |least: u64| least..=MOST_WAITING;
    let written = of.max_buffered_batches_per_output_file.get();
    let of_execution = [
        beyond("batch_size", of.batch_size.get() as u64, BATCH_SIZES),
        beyond("target_partitions", of.target_partitions as u64, PARTITIONS),
        beyond(
            "minimum_parallel_output_files",
            of.minimum_parallel_output_files.get() as u64,
            PARTITIONS,
        ),
        beyond(
            "objectstore_writer_buffer_size",
            of.objectstore_writer_buffer_size as u64,
            AT_LEAST_ONE,
        ),
        beyond("max_buffered_batches_per_output_file", written as u64, waiting(2)),
        beyond("hash_join_buffering_capacity", of.hash_join_buffering_capacity as u64, waiting(0)),
        beyond(
            "sort_pushdown_buffer_capacity",
            of.sort_pushdown_buffer_capacity as u64,
            waiting(0),
        ),
        beyond(
            "perfect_hash_join_small_build_threshold",
            of.perfect_hash_join_small_build_threshold as u64,
            KEYS,
        ),
        beyond(
            "perfect_hash_join_min_key_density",
            of.perfect_hash_join_min_key_density,
            DENSITIES,
        ),
    ];
    let spell = |name: &str| spell(&format!("datafusion.execution.{name}"));
    refuse(of_execution, spell)?;
    refuse(of_parquet(&of.parquet), |name| spell(&format!("parquet.{name}")))
}

/// Refuses options of the files of a statement of which one is beyond its bounds.
pub(super) fn check_files(options: &TableParquetOptions) -> Result<()> {
    let spell = |name: &str| format!("format.{name}");
    refuse(of_parquet(&options.global), spell)?;
    refuse([of_chunk_sizes(&options.global.content_defined_chunking)], spell)?;
    options.column_specific_options.iter().try_for_each(|(column, of)| {
        let of_column = [of.bloom_filter_fpp.and_then(of_filter)];
        refuse(of_column, |name| format!("format.{name}::{column}"))
    })
}

/// The settings of the writer of Parquet files, which has them from the session or from a statement.
fn of_parquet(of: &ParquetOptions) -> [Beyond; 10] {
    let length = |name, length: Option<usize>| {
        length.and_then(|length| beyond(name, length as u64, AT_LEAST_ONE))
    };
    let size = |name, size: usize| beyond(name, size as u64, AT_LEAST_ONE);
    let waiting = |name, waiting: usize| beyond(name, waiting as u64, 1..=MOST_WAITING);
    let chunk = Some(&of.content_defined_chunking).filter(|chunk| chunk.enabled);
    let of_chunk = |beyond: fn(&ParquetCdcOptions) -> Beyond| chunk.and_then(beyond);
    [
        size("write_batch_size", of.write_batch_size),
        size("max_row_group_size", of.max_row_group_size),
        length("column_index_truncate_length", of.column_index_truncate_length),
        length("statistics_truncate_length", of.statistics_truncate_length),
        waiting("maximum_parallel_row_group_writers", of.maximum_parallel_row_group_writers),
        waiting(
            "maximum_buffered_record_batches_per_stream",
            of.maximum_buffered_record_batches_per_stream,
        ),
        of.bloom_filter_fpp.and_then(of_filter),
        of_chunk(|chunk| {
            let name = "content_defined_chunking.max_chunk_size";
            beyond(name, chunk.max_chunk_size as u64, 2..=MOST_CHUNK)
        }),
        of_chunk(|chunk| {
            let name = "content_defined_chunking.min_chunk_size";
            beyond(name, chunk.min_chunk_size as u64, 1..=MOST_CHUNK)
        }),
        of_chunk(|chunk| {
            beyond("content_defined_chunking.norm_level", chunk.norm_level, CHUNK_LEVELS)
        }),
    ]
}

/// The two sizes of chunks must be in order where a file is written; one may be set before the other.
fn of_chunk_sizes(chunk: &ParquetCdcOptions) -> Beyond {
    let (least, most) = (chunk.min_chunk_size, chunk.max_chunk_size);
    (chunk.enabled && least >= most).then(|| {
        let problem = format!("expected less than max_chunk_size, which is {most}, got {least}");
        ("content_defined_chunking.min_chunk_size", problem)
    })
}

fn of_filter(false_hits: f64) -> Beyond {
    beyond("bloom_filter_fpp", false_hits, FALSE_HITS)
}

fn beyond<T: PartialOrd + Display + Copy>(
    name: &'static str,
    value: T,
    bounds: RangeInclusive<T>,
) -> Beyond {
    if bounds.contains(&value) {
        return None;
    }
    let (least, most) = bounds.into_inner();
    Some((name, format!("expected {least} to {most}, got {value}")))
}

fn refuse(
    settings: impl IntoIterator<Item = Beyond>,
    spell: impl Fn(&str) -> String,
) -> Result<()> {
    match settings.into_iter().flatten().next() {
        None => Ok(()),
        Some((name, problem)) => config_err!("{}: {problem}", spell(name)),
    }
}

/// The variable of the environment from which a setting is read.
pub(super) fn variable(setting: &str) -> String {
    setting.to_uppercase().replace('.', "_")
}
