//! A made-up table of customers, and ways to cut it up.

use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray, UInt32Array,
};
use datafusion::arrow::compute::{concat_batches, take_record_batch};
use datafusion::datasource::MemTable;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};

/// `rows` customers of nine campaigns, with everything that real ones have: NULLs, NaN, ties, rows that are equal
/// in every column but `id`, a campaign in which nobody pays and a very small one.
pub(crate) fn customers(rows: usize) -> RecordBatch {
    let mut rng = StdRng::seed_from_u64(20_240_531);
    let campaign: Vec<&str> = (0..rows).map(|_| draw_campaign(&mut rng)).collect();
    let channel: Vec<Option<&str>> = (0..rows)
        .map(|_| [Some("ads"), Some("shop"), Some("été"), None][rng.random_range(0..4)])
        .collect();
    let recency: Vec<Option<f64>> = (0..rows)
        .map(|_| match rng.random_range(0..20) {
            0 => None,
            1 => Some(f64::NAN),
            _ => Some(f64::from(rng.random_range(0..60))),
        })
        .collect();
    let frequency: Vec<i32> = (0..rows).map(|_| rng.random_range(0..5)).collect();
    let ltv: Vec<Option<f64>> = campaign
        .iter()
        .zip(&frequency)
        .map(|(campaign, frequency)| draw_label(&mut rng, campaign, *frequency))
        .collect();
    let weight: Vec<f64> =
        (0..rows).map(|_| [0.0, 0.5, 1.0, 2.0][rng.random_range(0..4)]).collect();
    let mut logits = |scale: f64| -> ArrayRef {
        let values = (0..rows).map(|_| f64::from(rng.random_range(-8..8)) * scale);
        Arc::new(Float64Array::from_iter_values(values))
    };
    let (logit, mu, raw_sigma) = (logits(0.25), logits(0.5), logits(0.125));
    let columns: Vec<(&str, ArrayRef, bool)> = vec![
        ("id", Arc::new(Int64Array::from_iter_values(0..rows as i64)), false),
        ("campaign", Arc::new(StringArray::from(campaign)), false),
        ("ltv", Arc::new(Float64Array::from(ltv)), true),
        ("recency", Arc::new(Float64Array::from(recency)), true),
        ("frequency", Arc::new(Int32Array::from(frequency)), false),
        ("channel", Arc::new(StringArray::from(channel)), true),
        ("weight", Arc::new(Float64Array::from(weight)), false),
        ("logit", logit, false),
        ("mu", mu, false),
        ("raw_sigma", raw_sigma, false),
    ];
    RecordBatch::try_from_iter_with_nullable(columns).expect("columns of one length")
}

fn draw_campaign(rng: &mut StdRng) -> &'static str {
    if rng.random_range(0..100) == 0 {
        return "tiny";
    }
    ["a", "b", "c", "d", "e", "f", "g", "nobody pays"][rng.random_range(0..8)]
}

fn draw_label(rng: &mut StdRng, campaign: &str, frequency: i32) -> Option<f64> {
    let draw = rng.random_range(0..30);
    match draw {
        0 => None,
        _ if campaign == "nobody pays" => Some(0.0),
        1 => Some(f64::NAN),
        2 => Some(-4.5),
        3..16 => Some(0.0),
        _ => {
            let noise: f64 = (0..4).map(|_| rng.random_range(-1.0..1.0)).sum();
            Some((1.0 + 0.3 * f64::from(frequency) + 0.7 * noise).exp())
        }
    }
}

/// The rows in another order.
pub(crate) fn shuffled(batch: &RecordBatch, seed: u64) -> RecordBatch {
    let mut order: Vec<u32> = (0..batch.num_rows() as u32).collect();
    order.shuffle(&mut StdRng::seed_from_u64(seed));
    take_record_batch(batch, &UInt32Array::from(order)).expect("rows of the batch")
}

/// The rows in batches of `size`, dealt to `partitions` in turn.
pub(crate) fn dealt(batch: &RecordBatch, size: usize, partitions: usize) -> Vec<Vec<RecordBatch>> {
    let mut parts = vec![Vec::new(); partitions];
    for (turn, start) in (0..batch.num_rows()).step_by(size).enumerate() {
        let length = size.min(batch.num_rows() - start);
        parts[turn % partitions].push(batch.slice(start, length));
    }
    parts
}

/// A table of these partitions.
pub(crate) fn table(partitions: Vec<Vec<RecordBatch>>) -> Arc<MemTable> {
    let schema = partitions.iter().flatten().next().expect("a batch").schema();
    Arc::new(MemTable::try_new(schema, partitions).expect("batches of one schema"))
}

/// The batches as one, its rows in the order of a column.
pub(crate) fn sorted(batch: &RecordBatch, column: &str) -> RecordBatch {
    use datafusion::arrow::compute::sort_to_indices;
    let order = sort_to_indices(batch.column_by_name(column).expect(column), None, None)
        .expect("a sortable column");
    let sorted = take_record_batch(batch, &order).expect("rows of the batch");
    concat_batches(&batch.schema(), [&sorted]).expect("one batch")
}
