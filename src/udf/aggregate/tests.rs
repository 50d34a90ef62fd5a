//! An aggregate with a small state, in whole queries: nothing of the buffered rows is needed for it.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int64Array};
use arrow::datatypes::{DataType, Field, FieldRef, Float64Type, Int64Type};
use datafusion::common::{Result, ScalarValue};
use datafusion::datasource::MemTable;
use datafusion::logical_expr::utils::format_state_name;
use datafusion::logical_expr::{AggregateUDF, Documentation, EmitTo};
use datafusion::prelude::{SessionConfig, SessionContext, col};

use super::{Aggregate, AggregateFunction, BatchRows, Call, GroupState};
use crate::udf::number::doubles_with_nan;

const NAME: &str = "count_and_sum";

/// `count_and_sum(x)`: 1000 times the number of rows that are not NULL, plus their sum.
#[derive(Debug, PartialEq, Eq, Hash)]
struct CountAndSum;

/// Two numbers a group.
#[derive(Debug, Default)]
struct Sums {
    counts: Vec<i64>,
    sums: Vec<f64>,
}

impl AggregateFunction for CountAndSum {
    const NAME: &'static str = NAME;
    type State = Sums;

    fn calls() -> Vec<Vec<DataType>> {
        vec![vec![DataType::Float64]]
    }

    fn return_type(_types: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn default_value() -> Result<ScalarValue> {
        Ok(ScalarValue::from(0.0))
    }

    fn state_fields(name: &str, _types: &[DataType]) -> Result<Vec<FieldRef>> {
        let field = |part: &str, data_type| {
            Arc::new(Field::new(format_state_name(name, part), data_type, false))
        };
        Ok(vec![field("count", DataType::Int64), field("sum", DataType::Float64)])
    }

    fn state(&self, _call: &Call<'_>) -> Result<Sums> {
        Ok(Sums::default())
    }

    fn documentation(&self) -> Option<&Documentation> {
        None
    }
}

impl Sums {
    fn add(&mut self, group: usize, count: i64, sum: f64) {
        self.counts[group] += count;
        self.sums[group] += sum;
    }

    fn grow(&mut self, total: usize) {
        self.counts.resize(total.max(self.counts.len()), 0);
        self.sums.resize(total.max(self.sums.len()), 0.0);
    }

    fn values(counts: &[i64], sums: &[f64]) -> ArrayRef {
        let value = |(&count, sum): (&i64, &f64)| 1000.0 * count as f64 + sum;
        Arc::new(counts.iter().zip(sums).map(value).collect::<Float64Array>())
    }
}

impl GroupState for Sums {
    fn empty(&self) -> Self {
        Self::default()
    }

    fn read(&self, arguments: &[ArrayRef]) -> Result<BatchRows> {
        let numbers = Arc::new(doubles_with_nan(NAME, "x", &arguments[0])?);
        Ok(BatchRows::without_nulls(vec![numbers], &[arguments[0].logical_nulls()]))
    }

    fn update(&mut self, columns: Vec<ArrayRef>, groups: &[usize], total: usize) -> Result<()> {
        self.grow(total);
        for (&group, &x) in groups.iter().zip(columns[0].as_primitive::<Float64Type>().values()) {
            self.add(group, 1, x);
        }
        Ok(())
    }

    fn merge(&mut self, states: &[ArrayRef], groups: &[usize], total: usize) -> Result<()> {
        self.grow(total);
        let counts = states[0].as_primitive::<Int64Type>().values();
        let sums = states[1].as_primitive::<Float64Type>().values();
        for ((&group, &count), &sum) in groups.iter().zip(counts).zip(sums) {
            self.add(group, count, sum);
        }
        Ok(())
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        let counts = Int64Array::from(emit_to.take_needed(&mut self.counts));
        let sums = Float64Array::from(emit_to.take_needed(&mut self.sums));
        Ok(vec![Arc::new(counts), Arc::new(sums)])
    }

    fn finish(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let counts = emit_to.take_needed(&mut self.counts);
        Ok(Self::values(&counts, &emit_to.take_needed(&mut self.sums)))
    }

    fn look(&mut self) -> Result<ArrayRef> {
        self.grow(1);
        Ok(Self::values(&self.counts[..1], &self.sums[..1]))
    }

    fn size(&self) -> usize {
        (self.counts.capacity() + self.sums.capacity()) * 8
    }
}

const ROWS: i64 = 1000;

/// `g` of 7, `x` of 0 to 9 and NULL in every eleventh row, in batches of 30 dealt to partitions.
fn session(partitions: usize, sorted: bool) -> SessionContext {
    let mut config = SessionConfig::new().with_target_partitions(partitions).with_batch_size(30);
    // Partial aggregation is skipped from the start.
    config.options_mut().execution.skip_partial_aggregation_probe_rows_threshold = 1;
    config.options_mut().execution.skip_partial_aggregation_probe_ratio_threshold = 0.0;
    let context = SessionContext::new_with_config(config);
    context.register_udaf(AggregateUDF::from(Aggregate::of(CountAndSum)));
    let group = |row: i64| if sorted { row * 7 / ROWS } else { row % 7 };
    let number = |row: i64| (row % 11 > 0).then_some((row % 10) as f64);
    let columns: [(&str, ArrayRef); 2] = [
        ("g", Arc::new((0..ROWS).map(group).collect::<Int64Array>())),
        ("x", Arc::new((0..ROWS).map(number).collect::<Float64Array>())),
    ];
    let batch = datafusion::arrow::array::RecordBatch::try_from_iter(columns).unwrap();
    let mut parts = vec![Vec::new(); partitions];
    for (index, start) in (0..ROWS as usize).step_by(30).enumerate() {
        parts[index % partitions].push(batch.slice(start, 30.min(ROWS as usize - start)));
    }
    let table = MemTable::try_new(batch.schema(), parts).unwrap();
    let order = if sorted { vec![vec![col("g").sort(true, false)]] } else { Vec::new() };
    context.register_table("t", Arc::new(table.with_sort_order(order))).unwrap();
    context
}

async fn numbers(context: &SessionContext, sql: &str) -> Result<Vec<Option<f64>>> {
    let batches = context.sql(sql).await?.collect().await?;
    let column = |batch: &datafusion::arrow::array::RecordBatch| {
        batch.columns().last().unwrap().as_primitive::<Float64Type>().iter().collect::<Vec<_>>()
    };
    Ok(batches.iter().flat_map(column).collect())
}

#[tokio::test]
async fn a_small_state_in_whole_queries() {
    let built_in =
        "1000.0 * count(x) FILTER (WHERE CONDITION) + coalesce(sum(x) FILTER (WHERE CONDITION), 0)";
    let own = "count_and_sum(x) FILTER (WHERE CONDITION)";
    for (partitions, sorted) in [(1, false), (4, false), (1, true)] {
        let context = session(partitions, sorted);
        for rest in ["", "GROUP BY g ORDER BY g", "GROUP BY g, x ORDER BY g, x"] {
            for condition in ["true", "x > 4 OR g = 3", "g > 7"] {
                let query = |aggregate: &str| {
                    format!("SELECT {} FROM t {rest}", aggregate.replace("CONDITION", condition))
                };
                let (expected, actual) = (query(built_in), query(own));
                let actual = numbers(&context, &actual).await.unwrap();
                assert!(!actual.is_empty());
                assert_eq!(actual, numbers(&context, &expected).await.unwrap(), "{expected}");
            }
        }
        // As a window: over the partition, and up to the row.
        for over in ["PARTITION BY g", "PARTITION BY g ORDER BY x, g"] {
            let query =
                |aggregate: &str| format!("SELECT g, x, {aggregate} AS v FROM t ORDER BY g, x, v");
            let expected = query(&format!(
                "1000.0 * count(x) OVER ({over}) + coalesce(sum(x) OVER ({over}), 0)"
            ));
            let actual = query(&format!("count_and_sum(x) OVER ({over})"));
            let actual = numbers(&context, &actual).await.unwrap();
            assert_eq!(actual.len(), ROWS as usize);
            assert_eq!(actual, numbers(&context, &expected).await.unwrap(), "{expected}");
        }
        // Of one argument, the engine makes DISTINCT a GROUP BY; of two it asks the function.
        let distinct = "SELECT count_and_sum(DISTINCT x) FROM t";
        assert_eq!(numbers(&context, distinct).await.unwrap(), [Some(10_045.0)]);
        let distinct = "SELECT count_and_sum(DISTINCT x), count_and_sum(DISTINCT g) FROM t";
        let message = numbers(&context, distinct).await.unwrap_err().to_string();
        assert!(message.contains("count_and_sum: DISTINCT is not supported"), "{message}");
    }
}

#[tokio::test]
async fn a_panic_ends_the_query_alone() {
    let context = session(3, false);
    for (step, sql) in [
        ("plan", "SELECT ziln_panicking(x) FROM t"),
        ("update", "SELECT ziln_panicking(x) FROM t"),
        ("update", "SELECT ziln_panicking(x) OVER (PARTITION BY g) FROM t"),
        ("state", "SELECT ziln_panicking(x) FROM t"),
        ("merge", "SELECT ziln_panicking(x) FROM t"),
        ("finish", "SELECT ziln_panicking(x) FROM t"),
        ("finish", "SELECT g, ziln_panicking(x) FROM t GROUP BY g"),
        ("size", "SELECT g, ziln_panicking(x) FROM t GROUP BY g"),
        ("state_of_rows", "SELECT g, x, ziln_panicking(x) FROM t GROUP BY g, x"),
    ] {
        context.register_udaf(super::panicking_aggregate(step).unwrap());
        let message = numbers(&context, sql).await.unwrap_err().to_string();
        let expected = format!("ziln_panicking: internal error: met a panic in {step}");
        assert!(message.contains(&expected), "{sql}: {message}");
        context.register_udaf(super::panicking_aggregate("nothing").unwrap());
        assert!(numbers(&context, sql).await.is_ok(), "{sql}");
    }
}
