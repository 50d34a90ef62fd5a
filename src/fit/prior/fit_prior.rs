//! The prior of campaigns.

use super::between::between;
use super::campaigns::Campaigns;
use crate::fit::newton::{NewtonOptions, fit_all};
use crate::fit::rows::{RowId, Table, sampled_of_campaigns};
use crate::model::Model;
use crate::{Error, Result};

/// Fits the heads common to all campaigns, and how much the campaigns' own differ from them.
///
/// `campaigns` says of each of `rows` which campaign it belongs to; the numbers themselves mean nothing. As option `init`
/// of a fit the model is the prior of a campaign's heads: they are drawn to the common ones, the more the fewer rows the
/// campaign has. The common heads are those of [`fit_newton`](crate::fit::fit_newton); how the variances are estimated is documented in
/// `docs/training.md`. `None` if no row has a positive label.
///
/// # Errors
/// [`Error::Argument`] if there is not one campaign a row, and those of [`fit_newton`](crate::fit::fit_newton).
///
/// ```
/// use std::sync::Arc;
/// use ziln::fit::{Chunk, FeatureColumn, FeatureValues, NewtonOptions, RowId, Table, fit_newton, fit_prior};
///
/// let label = [0.0, 5.0, 0.0, 20.0, 0.0, 9.0, 0.0, 0.0];
/// let visits = [1.0, 4.0, 2.0, 9.0, 1.0, 6.0, 3.0, 2.0];
/// let campaigns = [0, 0, 0, 1, 1, 1, 2, 2];
/// let table = Table {
///     features: vec![FeatureColumn { name: "visits", levels: None }],
///     chunks: vec![Chunk { label: &label, weight: None, features: vec![FeatureValues::Numbers(&visits)] }],
/// };
/// let rows: Vec<RowId> = (0..8).map(|row| RowId { chunk: 0, row }).collect();
/// let options = NewtonOptions::default();
/// let prior = fit_prior(&table, &rows, &campaigns, &options)?.expect("three customers pay");
/// let drawn = options.with_init(Arc::new(prior));
/// // Nobody of the last campaign pays: it has the prior's own heads.
/// assert!(fit_newton(&table, &rows[6..], &drawn)?.is_some());
/// # Ok::<(), ziln::Error>(())
/// ```
pub fn fit_prior(
    table: &Table<'_>,
    rows: &[RowId],
    campaigns: &[u32],
    options: &NewtonOptions,
) -> Result<Option<Model>> {
    if rows.len() != campaigns.len() {
        return Err(Error::Argument {
            argument: "campaign".to_owned(),
            expected: format!("one for each of the {} rows", rows.len()),
            got: campaigns.len().to_string(),
        });
    }
    let watch = options.shared.watch();
    let (sampled, campaigns) = sampled_of_campaigns(table, rows, campaigns, &options.shared);
    let model = fit_all(table, &sampled.rows, &options.watched(&watch))?;
    let Some(model) = model else { return Ok(None) };
    let campaigns = Campaigns::new(table, &sampled.rows, &campaigns);
    watch.check()?;
    let between = between(table, &model, &campaigns, &watch);
    watch.check()?;
    Ok(Some(sampled.mark(model.with_between(between))))
}
