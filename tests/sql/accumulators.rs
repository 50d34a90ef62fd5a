//! The aggregates' `GroupsAccumulator`s and `Accumulator`s, driven by hand through everything that an engine may do
//! to them: states handed over and merged, groups emitted in the middle, a state taken and the accumulator used on.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch, UInt32Array};
use datafusion::arrow::compute::{concat, filter_record_batch, take, take_record_batch};
use datafusion::arrow::datatypes::Int64Type;
use datafusion::logical_expr::{EmitTo, GroupsAccumulator};
use datafusion::physical_expr::aggregate::AggregateFunctionExpr;
use datafusion::physical_plan::aggregates::AggregateExec;
use datafusion::physical_plan::{ExecutionPlan, collect};
use ziln::fit::{DataShape, HeadSolver, RowId, model_bytes, training_bytes};

use crate::customers::{customers, shuffled};
use crate::session::session;

const ROWS: usize = 400;
const GROUPS: usize = 12;

/// Every aggregate, with and without its optional arguments.
const AGGREGATES: [&str; 9] = [
    "ziln_fit_sgd(ltv, {recency: recency, frequency: frequency, channel: channel}, weight, {epochs: 1, batch_size: 8})",
    "ziln_fit_sgd(ltv, [recency, mu], {epochs: 1})",
    "ziln_fit_sgd(ltv, {c: channel}, {epochs: 1})",
    "ziln_evaluate(ltv, logit, mu, raw_sigma, weight)",
    "ziln_evaluate(ltv, {logit: logit, mu: mu, sigma: 1})",
    "ziln_gini(ltv, mu, weight)",
    "ziln_gini(ltv, mu)",
    "ziln_spearman(ltv, mu)",
    "ziln_decile_stats(ltv, mu, 4)",
];

/// An aggregate as DataFusion planned it, its arguments, the group of each row and a FILTER.
struct Rows {
    function: Arc<AggregateFunctionExpr>,
    values: Vec<ArrayRef>,
    groups: Vec<usize>,
    filter: BooleanArray,
}

impl Rows {
    async fn of(aggregate: &str) -> Self {
        let context = session(1, 8192);
        context.register_batch("customers", shuffled(&customers(ROWS), 3)).expect("a new table");
        let sql = format!("SELECT id % {GROUPS} AS g, {aggregate} FROM customers GROUP BY g");
        let plan = context.sql(&sql).await.expect("a query").create_physical_plan().await;
        let plan = plan.unwrap_or_else(|error| panic!("{sql}\n{error}"));
        let aggregation = find_aggregation(&plan).expect("an aggregation");
        let input = collect(aggregation.input().clone(), context.task_ctx()).await.expect("rows");
        let input = datafusion::arrow::compute::concat_batches(&input[0].schema(), &input)
            .expect("one batch");
        let function = aggregation.aggr_expr()[0].clone();
        let evaluate = |expression: &Arc<dyn datafusion::physical_plan::PhysicalExpr>| {
            let value = expression.evaluate(&input).expect("a value");
            value.into_array(input.num_rows()).expect("an array")
        };
        let group = evaluate(&aggregation.group_expr().expr()[0].0);
        let groups = group.as_primitive::<Int64Type>().values().iter().map(|&g| g as usize);
        Self {
            values: function.expressions().iter().map(evaluate).collect(),
            groups: groups.collect(),
            filter: (0..ROWS)
                .map(|row| [Some(true), Some(true), Some(true), Some(false), None][row * 7 % 5])
                .collect(),
            function,
        }
    }

    /// Some of the rows, in the order given.
    fn take(&self, rows: &[usize]) -> Self {
        let places = UInt32Array::from_iter_values(rows.iter().map(|&row| row as u32));
        let pick = |array: &ArrayRef| take(array, &places, None).expect("rows");
        let filter = pick(&(Arc::new(self.filter.clone()) as ArrayRef));
        Self {
            function: self.function.clone(),
            values: self.values.iter().map(pick).collect(),
            groups: rows.iter().map(|&row| self.groups[row]).collect(),
            filter: filter.as_boolean().clone(),
        }
    }

    /// The rows in pieces of several sizes.
    fn pieces(&self) -> Vec<Self> {
        let mut pieces = Vec::new();
        let mut rest: Vec<usize> = (0..self.groups.len()).collect();
        for size in [1, 50, 3, 120, 17, ROWS] {
            let piece: Vec<usize> = rest.drain(..size.min(rest.len())).collect();
            pieces.push(self.take(&piece));
        }
        pieces
    }

    fn accumulator(&self) -> Box<dyn GroupsAccumulator> {
        assert!(self.function.groups_accumulator_supported());
        self.function.create_groups_accumulator().expect("an accumulator")
    }

    fn update(&self, accumulator: &mut dyn GroupsAccumulator) {
        accumulator
            .update_batch(&self.values, &self.groups, Some(&self.filter), GROUPS)
            .expect("an update");
    }

    /// What one update of one accumulator gives.
    fn direct(&self) -> ArrayRef {
        let mut accumulator = self.accumulator();
        self.update(&mut *accumulator);
        evaluate(&mut *accumulator, EmitTo::All)
    }

    /// The rows with their groups numbered by first appearance, and the group of each number.
    fn renumbered(&self) -> (Self, Vec<usize>) {
        let mut numbers = HashMap::new();
        let mut order = Vec::new();
        let mut rows = self.take(&(0..self.groups.len()).collect::<Vec<_>>());
        for group in &mut rows.groups {
            let next = numbers.len();
            let number = *numbers.entry(*group).or_insert_with(|| {
                order.push(*group);
                next
            });
            *group = number;
        }
        (rows, order)
    }
}

fn find_aggregation(plan: &Arc<dyn ExecutionPlan>) -> Option<&AggregateExec> {
    plan.downcast_ref::<AggregateExec>()
        .or_else(|| plan.children().into_iter().find_map(find_aggregation))
}

fn evaluate(accumulator: &mut dyn GroupsAccumulator, emit: EmitTo) -> ArrayRef {
    accumulator.evaluate(emit).expect("a result")
}

fn state(accumulator: &mut dyn GroupsAccumulator, emit: EmitTo) -> Vec<ArrayRef> {
    accumulator.state(emit).expect("a state")
}

fn merge(accumulator: &mut dyn GroupsAccumulator, state: &[ArrayRef], groups: &[usize]) {
    accumulator.merge_batch(state, groups, GROUPS).expect("a merge");
}

fn assert_same(actual: &ArrayRef, expected: &ArrayRef, aggregate: &str) {
    assert!(actual == expected, "{aggregate}\n  {actual:?}\n  {expected:?}");
}

#[tokio::test]
async fn direct_results_are_those_of_the_query() {
    for aggregate in AGGREGATES {
        let rows = Rows::of(aggregate).await;
        let direct = rows.direct();
        assert_eq!(direct.len(), GROUPS);
        assert_eq!(direct.data_type(), rows.function.field().data_type(), "{aggregate}");
        assert!(direct.null_count() < GROUPS / 2, "{aggregate}");
        // What does not pass the FILTER might as well not be there.
        let kept: Vec<usize> =
            (0..ROWS).filter(|&r| rows.filter.is_valid(r) && rows.filter.value(r)).collect();
        let kept = rows.take(&kept);
        let mut accumulator = rows.accumulator();
        accumulator.update_batch(&kept.values, &kept.groups, None, GROUPS).expect("an update");
        assert_same(&evaluate(&mut *accumulator, EmitTo::All), &direct, aggregate);
    }
}

#[tokio::test]
async fn many_updates() {
    for aggregate in AGGREGATES {
        let rows = Rows::of(aggregate).await;
        let mut accumulator = rows.accumulator();
        for piece in rows.pieces() {
            piece.update(&mut *accumulator);
        }
        assert_same(&evaluate(&mut *accumulator, EmitTo::All), &rows.direct(), aggregate);
    }
}

#[tokio::test]
async fn states_match_their_fields() {
    for aggregate in AGGREGATES {
        let rows = Rows::of(aggregate).await;
        let fields = rows.function.state_fields().expect("fields");
        let mut accumulator = rows.accumulator();
        let converted =
            accumulator.convert_to_state(&rows.values, Some(&rows.filter)).expect("a state");
        rows.update(&mut *accumulator);
        for state in [converted, state(&mut *accumulator, EmitTo::All)] {
            let types: Vec<_> = state.iter().map(|array| array.data_type().clone()).collect();
            let expected: Vec<_> = fields.iter().map(|field| field.data_type().clone()).collect();
            assert_eq!(types, expected, "{aggregate}");
            for (array, field) in state.iter().zip(&fields) {
                assert!(field.is_nullable() || array.null_count() == 0, "{aggregate}: {field}");
            }
        }
    }
}

/// Update, state, merge, evaluate: each piece numbers its groups in its own way.
#[tokio::test]
async fn two_stages() {
    for aggregate in AGGREGATES {
        let rows = Rows::of(aggregate).await;
        let mut last = rows.accumulator();
        for piece in rows.pieces() {
            let (piece, groups) = piece.renumbered();
            let mut first = piece.accumulator();
            first
                .update_batch(&piece.values, &piece.groups, Some(&piece.filter), groups.len())
                .expect("an update");
            merge(&mut *last, &state(&mut *first, EmitTo::All), &groups);
        }
        assert_same(&evaluate(&mut *last, EmitTo::All), &rows.direct(), aggregate);
    }
}

/// A state may be merged in parts, in any order, and become a state again before it is evaluated.
#[tokio::test]
async fn three_stages() {
    for aggregate in AGGREGATES {
        let rows = Rows::of(aggregate).await;
        let mut last = rows.accumulator();
        for half in rows.pieces().chunks(3) {
            let mut middle = rows.accumulator();
            for piece in half {
                let mut first = piece.accumulator();
                piece.update(&mut *first);
                let state = state(&mut *first, EmitTo::All);
                for (group, number) in (0..GROUPS).rev().zip(0..) {
                    let place = UInt32Array::from(vec![group as u32]);
                    let one: Vec<ArrayRef> =
                        state.iter().map(|a| take(a, &place, None).expect("a row")).collect();
                    assert!(number < GROUPS);
                    merge(&mut *middle, &one, &[group]);
                }
            }
            // A slice of a state that was concatenated with another is what comes out of a shuffle.
            let states = state(&mut *middle, EmitTo::All);
            let twice: Vec<ArrayRef> =
                states.iter().map(|a| concat(&[a, a]).expect("two states")).collect();
            let second: Vec<ArrayRef> = twice.iter().map(|a| a.slice(GROUPS, GROUPS)).collect();
            merge(&mut *last, &second, &(0..GROUPS).collect::<Vec<_>>());
        }
        assert_same(&evaluate(&mut *last, EmitTo::All), &rows.direct(), aggregate);
    }
}

#[tokio::test]
async fn rows_turned_into_states() {
    for aggregate in AGGREGATES {
        let rows = Rows::of(aggregate).await;
        let mut last = rows.accumulator();
        let converter = rows.accumulator();
        for piece in rows.pieces() {
            let state =
                converter.convert_to_state(&piece.values, Some(&piece.filter)).expect("a state");
            assert!(state.iter().all(|array| array.len() == piece.groups.len()), "{aggregate}");
            merge(&mut *last, &state, &piece.groups);
        }
        assert_same(&evaluate(&mut *last, EmitTo::All), &rows.direct(), aggregate);
        // Without a FILTER.
        let mut all = rows.accumulator();
        all.update_batch(&rows.values, &rows.groups, None, GROUPS).expect("an update");
        let mut last = rows.accumulator();
        merge(
            &mut *last,
            &converter.convert_to_state(&rows.values, None).expect("a state"),
            &rows.groups,
        );
        assert_same(
            &evaluate(&mut *last, EmitTo::All),
            &evaluate(&mut *all, EmitTo::All),
            aggregate,
        );
    }
}

/// Rows turned into states, and states of aggregated rows, merged into one accumulator.
#[tokio::test]
async fn states_of_both_kinds() {
    for aggregate in AGGREGATES {
        let rows = Rows::of(aggregate).await;
        let mut last = rows.accumulator();
        for (turn, piece) in rows.pieces().into_iter().enumerate() {
            let mut first = piece.accumulator();
            if turn % 2 == 0 {
                piece.update(&mut *first);
                merge(
                    &mut *last,
                    &state(&mut *first, EmitTo::All),
                    &(0..GROUPS).collect::<Vec<_>>(),
                );
            } else {
                let state =
                    first.convert_to_state(&piece.values, Some(&piece.filter)).expect("a state");
                merge(&mut *last, &state, &piece.groups);
            }
        }
        assert_same(&evaluate(&mut *last, EmitTo::All), &rows.direct(), aggregate);
    }
}

/// On rows sorted by group, whole groups are emitted between updates, and the others move up.
#[tokio::test]
async fn groups_emitted_between_updates() {
    for aggregate in AGGREGATES {
        let rows = Rows::of(aggregate).await;
        let mut order: Vec<usize> = (0..ROWS).collect();
        order.sort_by_key(|&row| rows.groups[row]);
        for size in [1, 10, 75] {
            for states in [false, true] {
                let mut accumulator = rows.accumulator();
                let mut last = rows.accumulator();
                let mut results = Vec::new();
                let mut emitted = 0;
                for places in order.chunks(size) {
                    let mut piece = rows.take(places);
                    for group in &mut piece.groups {
                        *group -= emitted;
                    }
                    let current = *piece.groups.last().expect("a row");
                    accumulator
                        .update_batch(
                            &piece.values,
                            &piece.groups,
                            Some(&piece.filter),
                            current + 1,
                        )
                        .expect("an update");
                    if current == 0 {
                        continue;
                    }
                    let groups: Vec<usize> = (emitted..emitted + current).collect();
                    let first = EmitTo::First(current);
                    if states {
                        merge(&mut *last, &state(&mut *accumulator, first), &groups);
                    } else {
                        results.push(evaluate(&mut *accumulator, first));
                    }
                    emitted += current;
                }
                let groups: Vec<usize> = (emitted..GROUPS).collect();
                let result = if states {
                    merge(&mut *last, &state(&mut *accumulator, EmitTo::All), &groups);
                    evaluate(&mut *last, EmitTo::All)
                } else {
                    results.push(evaluate(&mut *accumulator, EmitTo::All));
                    let results: Vec<&dyn Array> = results.iter().map(AsRef::as_ref).collect();
                    concat(&results).expect("results of one type")
                };
                let what = format!("{aggregate} by {size}, as states: {states}");
                assert_same(&result, &rows.direct(), &what);
            }
        }
    }
}

/// As before, but what is emitted in between comes from states.
#[tokio::test]
async fn groups_emitted_between_merges() {
    for aggregate in AGGREGATES {
        let rows = Rows::of(aggregate).await;
        let states: Vec<Vec<ArrayRef>> = rows
            .pieces()
            .iter()
            .map(|piece| {
                let mut first = piece.accumulator();
                piece.update(&mut *first);
                state(&mut *first, EmitTo::All)
            })
            .collect();
        let mut last = rows.accumulator();
        let mut results = Vec::new();
        for group in 0..GROUPS {
            let place = UInt32Array::from(vec![group as u32]);
            for state in &states {
                let one: Vec<ArrayRef> =
                    state.iter().map(|a| take(a, &place, None).expect("a row")).collect();
                // The group before is still there: 0. This one is 1.
                let number = usize::from(group > 0);
                last.merge_batch(&one, &[number], number + 1).expect("a merge");
            }
            if group > 0 {
                results.push(evaluate(&mut *last, EmitTo::First(1)));
            }
        }
        results.push(evaluate(&mut *last, EmitTo::All));
        let results: Vec<&dyn Array> = results.iter().map(AsRef::as_ref).collect();
        assert_same(&concat(&results).expect("results of one type"), &rows.direct(), aggregate);
    }
}

/// An accumulator that spills hands over its whole state and is used on, from group 0.
#[tokio::test]
async fn used_on_after_its_state_was_taken() {
    for aggregate in AGGREGATES {
        let rows = Rows::of(aggregate).await;
        let mut first = rows.accumulator();
        let mut last = rows.accumulator();
        for piece in rows.pieces() {
            let (piece, groups) = piece.renumbered();
            first
                .update_batch(&piece.values, &piece.groups, Some(&piece.filter), groups.len())
                .expect("an update");
            merge(&mut *last, &state(&mut *first, EmitTo::All), &groups);
        }
        assert_same(&evaluate(&mut *last, EmitTo::All), &rows.direct(), aggregate);
        // And after an evaluation.
        let mut again = rows.accumulator();
        rows.update(&mut *again);
        let once = evaluate(&mut *again, EmitTo::All);
        rows.update(&mut *again);
        assert_same(&evaluate(&mut *again, EmitTo::All), &once, aggregate);
    }
}

#[tokio::test]
async fn groups_without_rows() {
    for aggregate in AGGREGATES {
        let rows = Rows::of(aggregate).await;
        let nothing = BooleanArray::from(vec![false; ROWS]);
        let mut accumulator = rows.accumulator();
        accumulator
            .update_batch(&rows.values, &rows.groups, Some(&nothing), GROUPS)
            .expect("an update");
        let empty = evaluate(&mut *accumulator, EmitTo::All);
        assert_eq!(empty.len(), GROUPS);
        // Groups that only the engine has seen, before, between and after those with rows.
        let mut more = rows.accumulator();
        let groups: Vec<usize> = rows.groups.iter().map(|group| 2 * group + 1).collect();
        more.update_batch(&rows.values, &groups, Some(&rows.filter), 2 * GROUPS + 3)
            .expect("an update");
        let result = evaluate(&mut *more, EmitTo::All);
        assert_eq!(result.len(), 2 * GROUPS + 3, "{aggregate}");
        let odd = UInt32Array::from_iter_values((0..GROUPS as u32).map(|group| 2 * group + 1));
        assert_same(&take(&result, &odd, None).expect("rows"), &rows.direct(), aggregate);
        assert_same(&result.slice(2 * GROUPS, 1), &empty.slice(0, 1), aggregate);
        // No rows at all.
        let no_rows = rows.take(&[]);
        let mut none = rows.accumulator();
        none.update_batch(&no_rows.values, &[], None, 0).expect("an update");
        assert_eq!(evaluate(&mut *none, EmitTo::All).len(), 0, "{aggregate}");
    }
}

/// The size grows with the rows by at least their bytes and not by many times that, and is given back.
#[tokio::test]
async fn size_is_honest() {
    for aggregate in AGGREGATES {
        let rows = Rows::of(aggregate).await;
        let mut accumulator = rows.accumulator();
        let empty = accumulator.size();
        let updates = 100;
        for _ in 0..updates {
            accumulator.update_batch(&rows.values, &rows.groups, None, GROUPS).expect("an update");
        }
        let kept = updates * ROWS;
        let size = accumulator.size() - empty;
        // At least the label and one feature or prediction of about nine rows in ten; a text at least a byte.
        assert!(size >= kept * 8, "{aggregate}: {size} bytes for {kept} rows");
        assert!(size <= kept * 8 * 16, "{aggregate}: {size} bytes for {kept} rows");
        evaluate(&mut *accumulator, EmitTo::All);
        let after = accumulator.size();
        assert!(after < empty + size / 8, "{aggregate}: {after} bytes after the end");
    }
}

/// A number takes 8 bytes, a category 4, and all that is about them at most 30% of that, set aside or in use, whatever
/// the batches are and however many groups there are. What training will take is counted beside them, and of several groups at
/// least a copy of the rows.
#[tokio::test]
async fn buffers_are_compact() {
    const ROW_BYTES: usize = 5 * 8 + 4;
    let aggregate =
        "ziln_fit_sgd(ltv, {recency: recency, mu: mu, logit: logit, channel: channel}, weight)";
    let rows = Rows::of(aggregate).await;
    for (batch, groups) in [(1, 1), (7, GROUPS), (1000, 1), (8192, 1), (8192, GROUPS)] {
        let places: Vec<usize> = (0..ROWS).cycle().take(batch).collect();
        let mut rows = rows.take(&places);
        rows.groups.iter_mut().for_each(|group| *group %= groups);
        let mut accumulator = rows.accumulator();
        for _ in 0..20_000_usize.div_ceil(batch) + 17 {
            accumulator.update_batch(&rows.values, &rows.groups, None, groups).expect("an update");
        }
        let size = accumulator.size();
        let threads = rayon::current_num_threads();
        let at_once = threads.min(groups);
        let mut columns = state(&mut *accumulator, EmitTo::All);
        // Behind the pieces stands what a sample has seen.
        columns.truncate(columns.len() - 2);
        let labels = columns.into_iter().step_by(6);
        let mut of_group = vec![0; groups];
        for piece in labels {
            let lengths = piece.as_list::<i64>().offsets().lengths();
            of_group.iter_mut().zip(lengths).for_each(|(rows, more)| *rows += more);
        }
        let kept: usize = of_group.iter().sum();
        let needed = kept * ROW_BYTES;
        // The greatest groups are trained side by side.
        let greatest = of_group.iter().max().copied().unwrap_or_default();
        let rows = kept.min(at_once * greatest).div_ceil(at_once);
        let shape = DataShape {
            rows,
            numbers: 3,
            categories: 1,
            levels: 4,
            weighted: true,
            hidden: &[],
            solver: HeadSolver::Steps,
        };
        let training = at_once * training_bytes(&shape, threads.div_ceil(at_once))
            + kept * size_of::<RowId>()
            + groups * model_bytes(&shape);
        let copy = if groups > 1 { needed } else { 0 };
        let beside = training.max(copy);
        assert!(size > beside, "{size} bytes, {training} for training, {copy} for a copy");
        let size = size - beside;
        assert!(
            needed > 100_000 && size >= needed && 10 * size <= 13 * needed,
            "{size} bytes for {kept} rows in batches of {batch} and {groups} groups"
        );
    }
}

/// The accumulator of a query without groups and of windows.
#[tokio::test]
async fn single_accumulators() {
    for aggregate in AGGREGATES {
        let rows = Rows::of(aggregate).await;
        let kept: Vec<usize> =
            (0..ROWS).filter(|&r| rows.filter.is_valid(r) && rows.filter.value(r)).collect();
        let mut rows = rows.take(&kept);
        rows.groups.fill(0);
        let mut grouped = rows.accumulator();
        grouped.update_batch(&rows.values, &rows.groups, None, 1).expect("an update");
        let expected = evaluate(&mut *grouped, EmitTo::All);

        let create = || rows.function.create_accumulator().expect("an accumulator");
        let mut last = create();
        let mut whole = create();
        for piece in rows.pieces() {
            whole.update_batch(&piece.values).expect("an update");
            let mut first = create();
            first.update_batch(&piece.values).expect("an update");
            let state = first.state().expect("a state");
            let state: Vec<ArrayRef> =
                state.iter().map(|s| s.to_array().expect("an array")).collect();
            last.merge_batch(&state).expect("a merge");
        }
        for accumulator in [&mut whole, &mut last] {
            // Windows ask more than once.
            for _ in 0..2 {
                let result =
                    accumulator.evaluate().expect("a result").to_array().expect("an array");
                assert_same(&result, &expected, aggregate);
            }
        }
    }
}

/// Sliced and padded input, as joins and filters make it.
#[tokio::test]
async fn sliced_input() {
    for aggregate in AGGREGATES {
        let rows = Rows::of(aggregate).await;
        let names: Vec<String> = (0..rows.values.len()).map(|n| n.to_string()).collect();
        let batch = RecordBatch::try_from_iter_with_nullable(
            names.iter().zip(&rows.values).map(|(name, array)| (name, array.clone(), true)),
        )
        .expect("a batch");
        // Every row twice, then every second of a slice that starts inside: the same rows.
        let twice: Vec<u32> = (0..ROWS as u32).flat_map(|row| [row, row]).collect();
        let twice = take_record_batch(&batch, &UInt32Array::from(twice)).expect("rows");
        let slice = twice.slice(1, 2 * ROWS - 1);
        let second: BooleanArray = (0..slice.num_rows()).map(|row| Some(row % 2 == 0)).collect();
        let filtered = filter_record_batch(&slice, &second).expect("rows");
        let mut accumulator = rows.accumulator();
        accumulator
            .update_batch(filtered.columns(), &rows.groups, Some(&rows.filter), GROUPS)
            .expect("an update");
        assert_same(&evaluate(&mut *accumulator, EmitTo::All), &rows.direct(), aggregate);
        // Slices straight into the accumulator.
        let mut accumulator = rows.accumulator();
        for start in (0..ROWS).step_by(90) {
            let length = 90.min(ROWS - start);
            let columns = batch.slice(start, length);
            let filter = rows.filter.slice(start, length);
            accumulator
                .update_batch(
                    columns.columns(),
                    &rows.groups[start..start + length],
                    Some(&filter),
                    GROUPS,
                )
                .expect("an update");
        }
        assert_same(&evaluate(&mut *accumulator, EmitTo::All), &rows.direct(), aggregate);
    }
}

/// Slices of a column of lists, which share the values of all, take the memory of their own rows.
#[tokio::test]
async fn sliced_lists() {
    let aggregate = "ziln_fit_sgd(ltv, [recency, mu], {epochs: 1})";
    let rows = Rows::of(aggregate).await;
    let mut whole = rows.accumulator();
    whole.update_batch(&rows.values, &rows.groups, None, GROUPS).expect("an update");
    let mut sliced = rows.accumulator();
    let mut merged = rows.accumulator();
    for start in (0..ROWS).step_by(5) {
        let values: Vec<ArrayRef> = rows.values.iter().map(|a| a.slice(start, 5)).collect();
        let groups = &rows.groups[start..start + 5];
        sliced.update_batch(&values, groups, None, GROUPS).expect("an update");
        let state = merged.convert_to_state(&values, None).expect("a state");
        merge(&mut *merged, &state, groups);
    }
    for accumulator in [&mut sliced, &mut merged] {
        assert!(accumulator.size() < 2 * whole.size(), "{} bytes", accumulator.size());
    }
    let expected = evaluate(&mut *whole, EmitTo::All);
    assert_same(&evaluate(&mut *sliced, EmitTo::All), &expected, aggregate);
    assert_same(&evaluate(&mut *merged, EmitTo::All), &expected, aggregate);
}

/// More rows than a chunk holds, in one group and in several, handed over as states.
#[tokio::test]
async fn many_chunks() {
    for aggregate in ["ziln_evaluate(ltv, logit, mu, raw_sigma, weight)", "ziln_gini(ltv, mu)"] {
        let rows = Rows::of(aggregate).await;
        let many: Vec<usize> = (0..1_200_000).map(|row| row * 7 % ROWS).collect();
        let many = rows.take(&many);
        for groups in [1, GROUPS] {
            let group_of = |row: usize| row % groups;
            let groups_of_rows: Vec<usize> = (0..1_200_000).map(group_of).collect();
            let mut direct = rows.accumulator();
            direct.update_batch(&many.values, &groups_of_rows, None, groups).expect("an update");
            let (mut last, mut second) = (rows.accumulator(), rows.accumulator());
            for start in (0..1_200_000).step_by(50_000) {
                let values: Vec<ArrayRef> =
                    many.values.iter().map(|a| a.slice(start, 50_000)).collect();
                let part = &groups_of_rows[start..start + 50_000];
                last.update_batch(&values, part, None, groups).expect("an update");
            }
            let all: Vec<usize> = (0..groups).collect();
            let state = state(&mut *last, EmitTo::All);
            second.merge_batch(&state, &all, groups).expect("a merge");
            let expected = evaluate(&mut *direct, EmitTo::All);
            assert_same(&evaluate(&mut *second, EmitTo::All), &expected, aggregate);
        }
    }
}
