//! The beginning of a training by passes: the constants of its objective, and a solution of a sample.

use super::PassOptions;
use crate::Result;
use crate::fit::newton::direction::moved;
use crate::fit::newton::fit_newton::fit_all;
use crate::fit::problem::Problem;
use crate::fit::rows::{RowId, Sampled, Table};
use crate::model::{Encoding, L2, Model, PassPart, PassStatus, Passes, StopReason};

/// Begins a training by passes: the exact solution of a sample of the rows, with what a [`Pass`](super::Pass) over all of
/// them goes on from.
///
/// From the sample (the `max_rows` rows with the smallest content hash) come encodings, levels and ranges, the least
/// payment, the bound of sigma and the penalties, scaled to all rows that were seen. Where the sample is all rows, the model
/// is that of [`fit_newton`](crate::fit::fit_newton), and converged. `None` if no row of the sample has a positive label.
///
/// # Errors
/// [`Error::Argument`](crate::Error::Argument) if the features have more than 2,000 encoded columns;
/// [`Error::Option`](crate::Error::Option) if `covariance` is asked for with more than 200.
///
/// ```
/// use ziln::fit::{Chunk, FeatureColumn, FeatureValues, OptionValue, Pass, PassColumns, PassOptions, RowId, Table, newton_start};
/// use ziln::math::Column;
/// use ziln::model::FeatureInput;
///
/// let visits: Vec<f64> = (0..1000).map(|row| f64::from(row % 10)).collect();
/// let label: Vec<f64> = (0..1000).map(|row| f64::from((row * 7 % 13 - 6).max(0) * (row % 5))).collect();
/// let table = Table {
///     features: vec![FeatureColumn { name: "visits", levels: None }],
///     chunks: vec![Chunk { label: &label, weight: None, features: vec![FeatureValues::Numbers(&visits)] }],
/// };
/// let rows: Vec<RowId> = (0..1000).map(|row| RowId { chunk: 0, row }).collect();
/// let options = PassOptions::from_pairs([("max_rows".to_owned(), OptionValue::Integer(200))])?;
/// let mut model = newton_start(&table, &rows, &options)?.expect("some of them pay");
/// for _ in 0..10 {
///     let pass = Pass::of_text(&model.to_json())?;
///     let columns = [FeatureInput::Number(Column::F64(&visits))];
///     let mut sums = pass.sums();
///     let all: Vec<u32> = (0..1000).collect();
///     pass.add(&PassColumns { label: &label, weight: None, features: &columns }, &all, &mut sums);
///     model = pass.finish(&sums);
/// }
/// assert_eq!(model.training().stop_reason.name(), "converged");
/// # Ok::<(), ziln::Error>(())
/// ```
pub fn newton_start(
    table: &Table<'_>,
    rows: &[RowId],
    options: &PassOptions,
) -> Result<Option<Model>> {
    let sampled = Sampled::of(table, rows, options.shared());
    let model = fit_all(table, &sampled.rows, &options.0)?;
    Ok(model.map(|model| of_all_rows(sampled.mark(model), options)))
}

/// What a pass goes on from, of a solved sample: `solutions` are those of the paying part and of the amount part.
pub(in crate::fit::newton) fn begin(problem: &Problem<'_>, solutions: [&[f64]; 2]) -> Passes {
    let packed = problem.packed();
    let width = packed.inputs.width();
    let start = &problem.start;
    let alone = |intercept: f64| {
        let mut head = vec![0.0; width];
        head[0] = intercept;
        head
    };
    let starts = [alone(start.logit), [alone(start.mu), alone(start.raw_sigma)].concat()];
    let [paying, amount] = [0, 1].map(|part| begun(&starts[part], solutions[part]));
    let range = |encoding: &Encoding| match encoding {
        Encoding::Numeric { range, .. } => *range,
        Encoding::Categorical { .. } => None,
    };
    let weight_unit = match packed.weight {
        Some(_) => problem.weight_sum / problem.usable.rows as f64,
        None => 1.0,
    };
    Passes {
        count: 0,
        l2: problem.l2,
        sigma_prior: problem.sigma_prior,
        weight_unit,
        repeats: packed.repeats,
        mu_unit: start.sigma,
        ranges: problem.encodings.iter().map(range).collect(),
        covariance: false,
        shrunk: None,
        paying,
        amount,
    }
}

/// The first pass is at the solution; if that is rejected, the next is halfway to the start, and so on.
fn begun(start: &[f64], solution: &[f64]) -> PassPart {
    PassPart {
        status: PassStatus::Open,
        values: start.to_vec(),
        direction: solution.iter().zip(start).map(|(solution, start)| solution - start).collect(),
        step: 1.0,
        slope: 0.0,
        left_out: Vec::new(),
        gradient: Vec::new(),
        memory: Vec::new(),
        objective: None,
        norm: None,
        loss: None,
    }
}

/// The model of a sample as the beginning of passes over all rows.
fn of_all_rows(model: Model, options: &PassOptions) -> Model {
    let Some(mut passes) = model.passes().cloned() else { return model };
    let training = model.training().clone();
    let seen = training.rows_seen.unwrap_or(training.rows);
    let mut stop_reason = StopReason::Unfinished;
    if training.rows >= seen && training.stop_reason == StopReason::Converged {
        stop_reason = StopReason::Converged;
        for part in [&mut passes.paying, &mut passes.amount] {
            part.status = PassStatus::Converged;
            part.values = moved(&part.values, &part.direction, 1.0);
            part.direction.clear();
        }
    }
    // What was decided for the mean over the sample is worth less in one over more rows.
    let share = training.rows as f64 / seen as f64;
    if options.shared().l2.is_none() {
        let L2 { logit, mu, raw_sigma } = &mut passes.l2;
        for l2 in [logit, mu, raw_sigma] {
            *l2 *= share;
        }
    }
    if let Some(prior) = &mut passes.sigma_prior {
        prior.weight *= share;
    }
    model.with_stop_reason(stop_reason).with_passes(passes)
}
