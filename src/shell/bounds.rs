//! Bounds of settings: with a value beyond them a query, or what it writes, would end the process.

use std::ops::RangeInclusive;

use datafusion::common::config::ConfigOptions;
use datafusion::common::config_err;
use datafusion::error::Result;

/// Rows that a batch may have: room for so many is made before there is one.
pub(super) const BATCH_SIZES: RangeInclusive<u64> = 1..=1 << 20;

/// Partitions that a query may have, and files that its output may begin with. Rows go from each partition to each, so that
/// memory grows with the square of their number: joins of three tables of 200,000 rows took 1.5 GiB with 1,024 partitions
/// and 20 GiB with 4,096.
const PARTITIONS: RangeInclusive<u64> = 1..=1 << 10;

/// Bytes of a buffer before object storage: one without room for any is written without end.
const BUFFER_SIZES: RangeInclusive<u64> = 1..=u64::MAX;

/// Refuses settings of which one is beyond its bounds. `spell` is how the name of one is said.
pub(super) fn check(options: &ConfigOptions, spell: impl Fn(&str) -> String) -> Result<()> {
    let of = &options.execution;
    let bounded = [
        ("batch_size", of.batch_size.get(), BATCH_SIZES),
        ("target_partitions", of.target_partitions, PARTITIONS),
        ("minimum_parallel_output_files", of.minimum_parallel_output_files.get(), PARTITIONS),
        ("objectstore_writer_buffer_size", of.objectstore_writer_buffer_size, BUFFER_SIZES),
    ];
    for (name, value, bounds) in bounded {
        if !bounds.contains(&(value as u64)) {
            let (least, most) = bounds.into_inner();
            let name = spell(&format!("datafusion.execution.{name}"));
            return config_err!("{name}: expected {least} to {most}, got {value}");
        }
    }
    Ok(())
}

/// The variable of the environment from which a setting is read.
pub(super) fn variable(setting: &str) -> String {
    setting.to_uppercase().replace('.', "_")
}
