//! Training one model from beginning to end.

use super::descent::Descent;
use super::newton::without_payers;
use super::options::Options;
use super::problem::Problem;
use super::rows::{RowId, Sampled, Table, Usable};
use super::split::Split;
use super::warm_start;
use crate::Result;
use crate::model::Model;

/// Trains a model on rows of a table.
///
/// Returns `None` if no row has a positive label and option `init` is no prior of campaigns (see
/// [`fit_prior`](crate::fit::fit_prior)), to which the weights are drawn. The result depends on the content of the rows, the seed and the
/// options alone; see the module's documentation.
///
/// # Errors
/// [`Error::Option`](crate::Error::Option) if option `init` is a model with other features, one with a network that
/// training would lose, or one from which training does not come to finite numbers;
/// [`Error::Interrupted`](crate::Error::Interrupted) if [`interrupt`](crate::fit::interrupt) was called meanwhile.
///
/// ```
/// use ziln::fit::{Chunk, FeatureColumn, FeatureValues, Options, RowId, Table, fit};
///
/// let label = [0.0, 5.0, 0.0, 20.0, 0.0, 9.0];
/// let visits = [1.0, 4.0, 2.0, 9.0, 1.0, 6.0];
/// let table = Table {
///     features: vec![FeatureColumn { name: "visits", levels: None }],
///     chunks: vec![Chunk { label: &label, weight: None, features: vec![FeatureValues::Numbers(&visits)] }],
/// };
/// let rows: Vec<RowId> = (0..6).map(|row| RowId { chunk: 0, row }).collect();
/// let model = fit(&table, &rows, &Options::default())?.expect("three of the customers pay");
/// assert_eq!(model.training().payers, 3);
/// assert!(model.head_weights().logit.weights[0] > 0.0);
/// # Ok::<(), ziln::Error>(())
/// ```
pub fn fit(table: &Table<'_>, rows: &[RowId], options: &Options) -> Result<Option<Model>> {
    let sampled = Sampled::of(table, rows, options);
    Ok(fit_all(table, &sampled.rows, options)?.map(|model| sampled.mark(model)))
}

fn fit_all(table: &Table<'_>, rows: &[RowId], options: &Options) -> Result<Option<Model>> {
    let watch = options.watch();
    let Some((usable, kept)) = Usable::of(table, rows, options) else {
        let Some(prior) = options.prior() else { return Ok(None) };
        warm_start::known_features(table, options)?;
        return Ok(Some(without_payers(table, rows, prior)));
    };
    let known = warm_start::known_features(table, options)?;
    warm_start::check_network(options)?;
    let options = &*options.of_linear_heads();
    let split = Split::of(table, &usable, kept, options);
    watch.check()?;
    let problem = Problem::new(table, &usable, split, options, known.as_deref(), watch.clone())?;
    let model = Descent::new(problem).train()?;
    watch.check()?;
    warm_start::finite(model, options)
}
