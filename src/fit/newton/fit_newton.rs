//! One model from beginning to end, by the exact solver.

use super::covariance::{CovarianceInputs, Covariances, standard_errors};
use super::drawn::without_payers;
use super::options::NewtonOptions;
use super::part_objective::{PartObjective, Products};
use super::passes;
use super::penalties::Penalties;
use super::rows::{DesignColumns, PartRows};
use super::solve::{Solution, Stop};
use crate::family::{AmountTerm, Curved, Limits, PayingTerm};
use crate::fit::finish::{Fitted, finish};
use crate::fit::problem::Problem;
use crate::fit::regularizer::Regularizer;
use crate::fit::rows::{RowId, Sampled, Table, Usable};
use crate::fit::sgd::{LinearPart, PartWeights, Parts, Progress};
use crate::fit::split::Split;
use crate::fit::warm_start;
use crate::fit::weight_penalty::WeightPenalty;
use crate::model::{History, L2, Model, OptionsInForce, Passes, Shrunk, StopReason};
use crate::{Error, Result};

/// Encoded columns at most: the solver's matrices have their square.
pub(super) const MOST_COLUMNS: usize = 2000;

/// Columns at most whose covariances a model keeps.
const MOST_COVARIANCES: usize = 200;

/// Packed values from which on the two parts are solved on two threads.
const PARALLEL_VALUES: usize = 1 << 17;

/// Fits a model exactly: the optimum of what [`fit`](crate::fit::fit) minimises by steps, with standard errors.
///
/// Fisher scoring with a line search, and Newton's method near the optimum. With an `init` that is a prior of campaigns
/// (see [`fit_prior`](crate::fit::fit_prior)) the weights are drawn to the prior's, and rows without a payer have the
/// prior's own heads. Otherwise `None` if no row has a positive label. The result depends on the content of the rows and on
/// the options alone.
///
/// # Errors
/// [`Error::Argument`] if the features have more than 2,000 encoded columns; [`Error::Option`] if option `init` is a model
/// with other features, or one from which training does not come to finite numbers, or if `covariance` is asked for with
/// more than 200 columns.
///
/// ```
/// use ziln::fit::{Chunk, FeatureColumn, FeatureValues, NewtonOptions, RowId, Table, fit_newton};
///
/// let label = [0.0, 5.0, 0.0, 20.0, 0.0, 9.0];
/// let visits = [1.0, 4.0, 2.0, 9.0, 1.0, 6.0];
/// let table = Table {
///     features: vec![FeatureColumn { name: "visits", levels: None }],
///     chunks: vec![Chunk { label: &label, weight: None, features: vec![FeatureValues::Numbers(&visits)] }],
/// };
/// let rows: Vec<RowId> = (0..6).map(|row| RowId { chunk: 0, row }).collect();
/// let model = fit_newton(&table, &rows, &NewtonOptions::default())?.expect("three of them pay");
/// let visits = &model.weights()[1];
/// assert!(visits.weight > 0.0 && visits.standard_error.is_some());
/// # Ok::<(), ziln::Error>(())
/// ```
pub fn fit_newton(
    table: &Table<'_>,
    rows: &[RowId],
    options: &NewtonOptions,
) -> Result<Option<Model>> {
    let sampled = Sampled::of(table, rows, &options.shared);
    Ok(fit_all(table, &sampled.rows, options)?.map(|model| sampled.mark(model)))
}

/// The same of all rows, whatever option `max_rows` says.
pub(in crate::fit) fn fit_all(
    table: &Table<'_>,
    rows: &[RowId],
    options: &NewtonOptions,
) -> Result<Option<Model>> {
    let shared = &options.shared;
    let watch = shared.watch();
    let known = warm_start::known_features(table, shared)?;
    warm_start::check_linear(shared)?;
    let Some((usable, kept)) = Usable::of(table, rows, shared) else {
        return Ok(shared.prior().map(|prior| without_payers(table, rows, prior)));
    };
    let split = Split::of(table, &usable, kept, shared);
    watch.check()?;
    let problem = Problem::new(table, &usable, split, shared, known.as_deref(), watch.clone())?;
    check_columns(problem.packed().inputs.width(), options)?;
    let model = Exact::new(problem, options).fit()?;
    watch.check()?;
    warm_start::finite(model, shared)
}

/// Refuses more columns than the solver's matrices are made for.
fn check_columns(columns: usize, options: &NewtonOptions) -> Result<()> {
    if columns > MOST_COLUMNS {
        return Err(Error::Argument {
            argument: "features".to_owned(),
            expected: format!(
                "at most {MOST_COLUMNS} encoded columns (the intercept, one a number, one a level); ziln_fit_sgd takes more"
            ),
            got: columns.to_string(),
        });
    }
    if options.covariance && columns > MOST_COVARIANCES {
        return Err(Error::Option {
            option: "covariance".to_owned(),
            expected: format!("at most {MOST_COVARIANCES} encoded columns to keep covariances of"),
            got: columns.to_string(),
        });
    }
    Ok(())
}

/// A problem, and what the exact solver is asked for.
struct Exact<'a> {
    problem: Problem<'a>,
    options: &'a NewtonOptions,
    penalties: Penalties,
}

impl<'a> Exact<'a> {
    fn new(mut problem: Problem<'a>, options: &'a NewtonOptions) -> Self {
        if options.shared.prior().is_some() {
            // The campaigns together know better what is credible, and what the weights are drawn to.
            problem.l2 = L2 { logit: 0.0, mu: 0.0, raw_sigma: 0.0 };
            problem.sigma_prior = None;
        }
        let penalties = Penalties::new(&problem);
        Self { problem, options, penalties }
    }

    fn fit(self) -> Result<Model> {
        let start = &self.problem.start;
        let amount_units = [start.sigma, 1.0];
        let paying = || self.solve(&self.paying(), 0, [1.0], start.mixed);
        let amount = || self.solve(&self.amount(), 1, amount_units, start.amounts_differ);
        let (paying, amount) = if self.problem.packed().inputs.len() >= PARALLEL_VALUES {
            rayon::join(paying, amount)
        } else {
            (paying(), amount())
        };
        self.problem.watch.check()?;
        Ok(self.finish(&paying, &amount))
    }

    fn paying(&self) -> PartObjective<'_, 1, PayingTerm> {
        self.objective(0, PayingTerm)
    }

    fn amount(&self) -> PartObjective<'_, 2, AmountTerm> {
        self.objective(1, AmountTerm::FREE)
    }

    fn objective<const H: usize, T: Curved<H>>(
        &self,
        part: usize,
        term: T,
    ) -> PartObjective<'_, H, T> {
        let packed = self.problem.packed();
        let rows = PartRows::new(packed, 0..packed.batches.len(), T::PAYERS_ONLY);
        let columns = DesignColumns::new(&rows);
        let penalty = &self.penalties.of_parts[part];
        let penalty = WeightPenalty {
            precision: columns.pick_heads(&penalty.precision, packed.inputs.width()),
            centre: columns.pick_heads(&penalty.centre, packed.inputs.width()),
            sigma: penalty.sigma,
        };
        PartObjective::new(rows, columns, term, penalty).watched(&self.problem.watch)
    }

    /// Solves a part. One in which there is nothing to learn stays at its start, unless a prior says more.
    fn solve<const H: usize, T: Curved<H>>(
        &self,
        objective: &PartObjective<'_, H, T>,
        part: usize,
        units: [f64; H],
        can_learn: bool,
    ) -> PartOutcome {
        let width = self.problem.packed().inputs.width();
        let start = &self.penalties.starts[part];
        let columns = objective.columns.pick_heads(start, width);
        let is_learnt = can_learn || self.options.shared.prior().is_some();
        let solution = if is_learnt {
            let Self { options: NewtonOptions { max_iterations, tolerance, .. }, .. } = self;
            let stop = Stop { max_iterations: *max_iterations, tolerance: *tolerance };
            objective.solve(columns, units, stop)
        } else {
            objective.stay(columns)
        };
        let inputs = CovarianceInputs {
            part_indices: &self.problem.part_indices,
            precision: &self.penalties.of_parts[part].precision,
            observations: objective.weight_sum * self.problem.packed().repeats,
        };
        let covariances = objective.covariances(&solution, self.options.errors, &inputs);
        PartOutcome::new(objective, &solution, start, covariances)
    }

    fn finish(self, paying: &PartOutcome, amount: &PartOutcome) -> Model {
        let packed = self.problem.packed();
        let share = packed.payer_share();
        let (in_force, regularizer) = (self.in_force(), self.regularizer([paying, amount], share));
        let Self { problem, options, .. } = self;
        let parts = parts(&problem, paying, amount);
        let before = warm_start::save_weights(&parts, &problem.part_indices, 1.0);
        let begun =
            options.passes.then(|| passes::begin(&problem, [&paying.values, &amount.values]));
        let payer_means = problem.payer_means.clone();
        let intercepts = [problem.start.mu, problem.start.raw_sigma];
        let encodings = problem.encodings.clone();
        let amount_loss = bounded_loss(&problem, amount_term(&problem), &amount.values);
        let fitted = Fitted {
            amount_scale: 1.0,
            regularizer,
            progress: progress(paying, amount, share),
            train_loss: paying.loss + share * amount_loss,
            in_force,
            state: None,
            warnings: separated(paying, amount, options, &problem).into_iter().collect(),
            parts,
        };
        let model = finish(problem, fitted);
        // Heads that were changed for the sake of the total have no errors.
        let after = model.head_weights();
        let is_kept = after.mu == before.mu && after.raw_sigma == before.raw_sigma;
        let of_amount = amount.covariances.as_ref().filter(|_| is_kept);
        let of_paying = paying.covariances.as_ref();
        let NewtonOptions { errors, covariance: keeps, .. } = *options;
        let errors = standard_errors(errors, keeps, &encodings, of_paying, of_amount);
        let shrunk = passes::shrunk_by(&before, after).filter(|_| !is_kept).map(|factor| Shrunk {
            factor,
            payer_means,
            intercepts,
        });
        let model = model.with_standard_errors(errors);
        match begun {
            Some(begun) => model.with_passes(Passes { covariance: keeps, shrunk, ..begun }),
            None => model,
        }
    }

    /// What the objective adds to the loss; `share` is that of the payers.
    fn regularizer(&self, outcomes: [&PartOutcome; 2], share: f64) -> Regularizer {
        let Self { problem, options, penalties } = self;
        let drawn = if options.shared.prior().is_some() {
            let [paying, amount] = &penalties.of_parts;
            paying.value(&outcomes[0].values) + share * amount.value(&outcomes[1].values)
        } else {
            0.0
        };
        Regularizer { l2: problem.l2, in_objective: true, sigma_prior: problem.sigma_prior, drawn }
    }

    fn in_force(&self) -> OptionsInForce {
        let Self { problem, options, .. } = self;
        let shared = &options.shared;
        OptionsInForce {
            epochs: options.max_iterations,
            batch_size: problem.training_rows as u64,
            learning_rate: 1.0,
            optimizer: "newton".to_owned(),
            schedule: shared.schedule.name().to_owned(),
            l2: problem.l2,
            clip_norm: None,
            seed: shared.seed,
            validation_fraction: shared.held_out(),
            patience: shared.patience(),
            min_count: shared.min_count,
            init: shared.init.is_some(),
            min_payment: Some(problem.usable.min_payment),
            tolerance: Some(options.tolerance),
            max_rows: None,
            sigma_prior: problem.sigma_prior,
        }
    }
}

/// The term of the amount with sigma bounded, and without its prior.
fn amount_term(problem: &Problem<'_>) -> AmountTerm {
    AmountTerm { limits: Limits::of_sigma(problem.bounds.max_sigma), ..AmountTerm::FREE }
}

/// The parts that were solved for, as other trainings have them.
fn parts(problem: &Problem<'_>, paying: &PartOutcome, amount: &PartOutcome) -> Parts {
    let packed = problem.packed();
    let weights = |outcome: &PartOutcome| PartWeights {
        width: packed.inputs.width(),
        values: outcome.values.clone(),
        ..PartWeights::default()
    };
    Parts::new(vec![
        Box::new(LinearPart::new(PayingTerm, packed, weights(paying), [0.0])),
        Box::new(LinearPart::new(amount_term(problem), packed, weights(amount), [0.0; 2])),
    ])
}

/// The mean loss of the payers, with sigma bounded.
fn bounded_loss(problem: &Problem<'_>, term: AmountTerm, values: &[f64]) -> f64 {
    let packed = problem.packed();
    let rows = PartRows::new(packed, 0..packed.batches.len(), true);
    let columns = DesignColumns::new(&rows);
    let values = columns.pick_heads(values, packed.inputs.width());
    PartObjective::new(rows, columns, term, WeightPenalty::default())
        .at(values, Products::None)
        .loss
}

/// What happened, as a model remembers it.
fn progress(paying: &PartOutcome, amount: &PartOutcome, share: f64) -> Progress {
    let steps = paying.losses.len().max(amount.losses.len());
    let loss = |part: &PartOutcome, step: usize| {
        part.losses.get(step).or(part.losses.last()).copied().unwrap_or(part.loss)
    };
    let converged = paying.converged && amount.converged;
    let train = (0..steps).map(|step| loss(paying, step) + share * loss(amount, step));
    Progress {
        epochs: steps as u64,
        best_epoch: steps as u64,
        stop: if converged { StopReason::Converged } else { StopReason::MaxIterations },
        history: History {
            epoch: (1..=steps as u64).collect(),
            train: train.collect(),
            validation: Vec::new(),
        },
    }
}

/// What a part came to, in the order of a part's heads.
struct PartOutcome {
    values: Vec<f64>,
    covariances: Option<Covariances>,
    converged: bool,
    /// After each iteration, and at the end.
    losses: Vec<f64>,
    loss: f64,
}

impl PartOutcome {
    /// Where no row has a level, its weights stay at the start.
    fn new<const H: usize, T: Curved<H>>(
        objective: &PartObjective<'_, H, T>,
        solution: &Solution,
        start: &[f64],
        covariances: Option<Covariances>,
    ) -> Self {
        let mut values = start.to_vec();
        let full = values.len() / H;
        let width = objective.columns.width();
        let found = solution.point.values.chunks_exact(width);
        for (head, found) in values.chunks_exact_mut(full).zip(found) {
            for (&index, value) in objective.columns.part_indices().iter().zip(found) {
                if let Some(slot) = head.get_mut(index) {
                    *slot = *value;
                }
            }
        }
        Self {
            values,
            covariances,
            converged: solution.converged,
            losses: solution.losses.clone(),
            loss: solution.point.loss,
        }
    }
}

/// A mean loss of the paying part so small means that a line separates the payers.
const SEPARATED: f64 = 1e-6;

/// A warning where the data do not bound the weights.
fn separated(
    paying: &PartOutcome,
    amount: &PartOutcome,
    options: &NewtonOptions,
    problem: &Problem<'_>,
) -> Option<String> {
    let is_free = options.shared.l2 == Some(0.0) && options.shared.prior().is_none();
    if is_free && problem.start.mixed && paying.loss < SEPARATED {
        return Some(
            "the features tell payers from others without an error, so that the plain likelihood bounds no weight of the logit head; use option l2 or fewer features"
                .to_owned(),
        );
    }
    (options.max_iterations > 0 && !(paying.converged && amount.converged)).then(|| {
        "the solver did not come to the optimum within its tolerance; the data may not bound every weight: use option l2, fewer features or more iterations"
            .to_owned()
    })
}
