//! Training by gradient descent: the parts and how they step, and again with smaller steps where that went wrong.

use super::automatic;
use super::finish::{Fitted, finish};
use super::newton::{Penalties, prior_of};
use super::problem::Problem;
use super::regularizer::Regularizer;
use super::sgd::{Part, PartWeights, Parts, Plan, Progress, Trained, run};
use super::warm_start;
use crate::Result;
use crate::family::{AmountTerm, PayingTerm, SigmaPrior};
use crate::model::{AMOUNT_SCALES, L2, Model, OptionsInForce};

/// How often training is tried, with ever smaller steps.
const ATTEMPTS: u32 = 4;

/// By how much a sound mean loss may be above the start's, and by how much an objective.
const LOSS_NOISE: f64 = 0.01;
const OBJECTIVE_NOISE: f64 = 0.1;

/// A problem, and the parts of the linear model that solve it.
pub(super) struct Descent<'a> {
    problem: Problem<'a>,
    parts: Parts,
    plan: Plan,
    regularizer: Regularizer,
    /// What the weights are drawn to, if there is a prior of campaigns.
    drawn: Option<Penalties>,
    /// What the mu head is trained in units of.
    amount_scale: f64,
}

impl<'a> Descent<'a> {
    pub(super) fn new(mut problem: Problem<'a>) -> Self {
        let options = problem.options;
        let prior = prior_of(options);
        if let (Some(prior), None) = (prior, options.max_sigma) {
            problem.bounds.max_sigma = prior.max_sigma();
        }
        let drawn = prior.map(|_| Penalties::new(&problem));
        let packed = problem.packed();
        let learning_rate = automatic::learning_rate(options, problem.spread);
        let paying_rate = packed.payer_weight_sum / packed.weight_sum;
        let step_scale = automatic::paying_step_scale(options, paying_rate);
        let units = ObjectiveUnits::new(&problem);
        let bounded =
            |rate: f64, unit: f64, l2: f64| automatic::bounded_l2(options, rate, l2 * unit) / unit;
        let l2 = L2 {
            logit: bounded(learning_rate * step_scale, 1.0, problem.l2.logit),
            mu: bounded(learning_rate, units.of_mu_l2(), problem.l2.mu),
            raw_sigma: bounded(learning_rate, units.all_to_payers, problem.l2.raw_sigma),
        };
        let plan = Plan {
            optimizer: options.optimizer,
            schedule: options.schedule,
            learning_rate,
            clip_norm: automatic::clip_norm(options),
            level_step_scale: automatic::level_step_scale(options, packed.inputs.categories.len()),
            epochs: automatic::epochs(options, packed),
            patience: options.patience(),
            seed: options.seed,
            epochs_before: warm_start::epochs_before(options),
        };
        Self {
            parts: parts(&problem, step_scale, units, l2, drawn.as_ref()),
            drawn,
            regularizer: Regularizer {
                l2,
                in_objective: options.optimizer.couples_l2(),
                sigma_prior: problem.sigma_prior,
                drawn: 0.0,
            },
            plan,
            amount_scale: units.amount_scale,
            problem,
        }
    }

    /// Trains, and again with smaller steps if the result is worse than the intercepts alone.
    ///
    /// # Errors
    /// [`Error::Interrupted`](crate::Error::Interrupted).
    pub(super) fn train(mut self) -> Result<Model> {
        let start = self.parts.weights();
        let mut attempts = if self.problem.options.learning_rate.is_none() { ATTEMPTS } else { 1 };
        loop {
            let progress =
                run(&self.problem.rows, &mut self.parts, &self.plan, &self.problem.watch);
            self.problem.watch.check()?;
            attempts -= 1;
            let train_loss = self.problem.rows.train_loss(&mut self.parts, false);
            if attempts == 0 || self.is_sound(train_loss) {
                return Ok(self.finish(progress, train_loss));
            }
            self.plan.learning_rate /= 5.0;
            self.parts.set_weights(&start);
        }
    }

    /// Whether loss and objective are no worse than with the intercepts alone, with sigma bounded or without. A failure is
    /// far worse, and the noise of a sound training far less; that of heavy penalties is more than that of the loss.
    fn is_sound(&mut self, train_loss: f64) -> bool {
        // The start of a campaign that is drawn to others is not its own.
        if self.drawn.is_some() && train_loss.is_finite() {
            return true;
        }
        let weights =
            warm_start::save_weights(&self.parts, &self.problem.part_indices, self.amount_scale);
        let added = self.regularizer.penalty(&weights)
            + self.regularizer.of_sigma(weights.raw_sigma.intercept);
        let start = &self.problem.start;
        let of_start = start.loss + self.regularizer.of_sigma(start.raw_sigma);
        let most = (start.loss + LOSS_NOISE).min(of_start + OBJECTIVE_NOISE - added);
        train_loss <= most || self.problem.rows.train_loss(&mut self.parts, true) <= most
    }

    fn finish(self, progress: Progress, train_loss: f64) -> Model {
        let Self { problem, parts, plan, mut regularizer, drawn, amount_scale } = self;
        if let Some(drawn) = &drawn {
            regularizer.drawn = drawn.value_of(&problem, &parts, amount_scale);
        }
        let options = problem.options;
        let state = options.keep_state.then(|| {
            let epochs = plan.epochs_before + progress.best_epoch;
            warm_start::save_state(options, epochs, amount_scale, &parts, &problem.part_indices)
        });
        let in_force = OptionsInForce {
            epochs: plan.epochs,
            batch_size: problem.batch_size,
            learning_rate: plan.learning_rate,
            optimizer: options.optimizer.name().to_owned(),
            schedule: options.schedule.name().to_owned(),
            l2: regularizer.l2,
            clip_norm: plan.clip_norm,
            seed: options.seed,
            validation_fraction: options.held_out(),
            patience: options.patience(),
            min_count: options.min_count,
            init: options.init.is_some(),
            min_payment: Some(problem.usable.min_payment),
            tolerance: None,
            max_rows: None,
            sigma_prior: regularizer.sigma_prior,
        };
        finish(
            problem,
            Fitted {
                parts,
                amount_scale,
                regularizer,
                progress,
                train_loss,
                in_force,
                state,
                warnings: Vec::new(),
            },
        )
    }
}

/// The units of a part's objective: the amount part is trained on the mean over the payers, and mu in units of a scale.
#[derive(Debug, Clone, Copy)]
struct ObjectiveUnits {
    amount_scale: f64,
    /// What a mean over all rows is multiplied by to be one over the payers.
    all_to_payers: f64,
}

impl ObjectiveUnits {
    fn new(problem: &Problem<'_>) -> Self {
        let packed = problem.packed();
        Self {
            amount_scale: warm_start::usable_state(problem.options)
                .map_or_else(|| power_of_two_near(problem.start.sigma), |state| state.amount_scale),
            all_to_payers: packed.weight_sum / packed.payer_weight_sum,
        }
    }

    /// What the penalty of mu is multiplied by.
    fn of_mu_l2(&self) -> f64 {
        self.amount_scale * self.amount_scale * self.all_to_payers
    }
}

/// The parts of the linear model, whose two terms of the loss share no weight, as training starts them.
fn parts(
    problem: &Problem<'_>,
    step_scale: f64,
    units: ObjectiveUnits,
    l2: L2,
    drawn: Option<&Penalties>,
) -> Parts {
    let (packed, start) = (problem.packed(), &problem.start);
    let prior =
        |prior: SigmaPrior| SigmaPrior { weight: prior.weight * units.all_to_payers, ..prior };
    let amount_term = AmountTerm {
        scale: units.amount_scale,
        max_sigma: problem.bounds.max_sigma,
        prior: problem.sigma_prior.map(prior),
    };
    let logit = PartWeights::start(&packed.inputs, &[start.logit]);
    let intercepts = [start.mu / units.amount_scale, start.raw_sigma];
    let amount = PartWeights::start(&packed.inputs, &intercepts);
    let amount_l2 = [l2.mu * units.of_mu_l2(), l2.raw_sigma * units.all_to_payers];
    let paying = Part::new(PayingTerm, packed, logit, [l2.logit])
        .with_step_scale(step_scale)
        .learnt_if(start.mixed || drawn.is_some())
        .drawn_to(drawn.map(|penalties| penalties.of_parts[0].clone()));
    let amount = Part::new(amount_term, packed, amount, amount_l2)
        .learnt_if(start.amounts_differ || drawn.is_some())
        .drawn_to(drawn.map(|penalties| penalties.amount_in_units(units.amount_scale)));
    let mut parts: Vec<Box<dyn Trained>> = vec![Box::new(paying), Box::new(amount)];
    for part in &mut parts {
        warm_start::resume(problem, units.amount_scale, &mut **part);
    }
    Parts::new(parts)
}

/// The power of two next to a positive number: multiplying by it rounds nothing.
fn power_of_two_near(x: f64) -> f64 {
    // The square root of two moves the boundary between two powers to the middle of their ratio.
    let bits = (x * std::f64::consts::SQRT_2).to_bits() & 0x7ff0_0000_0000_0000;
    f64::from_bits(bits).clamp(*AMOUNT_SCALES.start(), *AMOUNT_SCALES.end())
}
