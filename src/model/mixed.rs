//! Prediction with a model that differs from row to row.

use super::feature::FAR_UNIT;
use super::scorer::{FeatureInput, NumberTerms, ParamsOut, Scorer, Terms, value_at};
use crate::math::{dispatch, sigma_from_raw};
use crate::{Error, Result};

/// Predicts every row with its own model, with the bits that [`Scorer::predict`] gives.
///
/// Row `i` uses `scorers[scorer_of_row[i]]`; `u32::MAX` stands for no model and gives NaN. `positions[m]` says for
/// each feature of `scorers[m]` which of `columns` it reads (see [`Scorer::match_features`]).
///
/// # Errors
/// [`Error::Feature`] if a column of a model that a row uses is missing, too short or of the wrong kind.
pub fn predict_mixed<P: AsRef<[usize]>>(
    scorers: &[&Scorer],
    scorer_of_row: &[u32],
    positions: &[P],
    columns: &[FeatureInput<'_>],
    out: ParamsOut<'_>,
) -> Result<()> {
    let rows = out.logit.len().min(out.mu.len()).min(out.sigma.len()).min(scorer_of_row.len());
    check(scorers, scorer_of_row, positions, columns, rows)?;
    let ParamsOut { logit, mu, sigma } = out;
    dispatch(
        #[inline(always)]
        || {
            for (row, &scorer) in scorer_of_row.iter().enumerate().take(rows) {
                let scorer = scorer as usize;
                let heads = match (scorers.get(scorer), positions.get(scorer)) {
                    (Some(scorer), Some(positions)) => {
                        predict_row(scorer, positions.as_ref(), columns, row)
                    }
                    _ => [f64::NAN; 3],
                };
                [logit[row], mu[row], sigma[row]] = heads;
            }
            // By themselves, so that the loop vectorises.
            for raw_sigma in sigma.iter_mut().take(rows) {
                *raw_sigma = sigma_from_raw(*raw_sigma);
            }
            for (sigma, &scorer) in sigma.iter_mut().zip(scorer_of_row) {
                *sigma = scorers.get(scorer as usize).map_or(f64::NAN, |s| s.cap_sigma(*sigma));
            }
        },
    );
    Ok(())
}

/// The heads of a row; the third is raw.
#[inline(always)]
fn predict_row(
    scorer: &Scorer,
    positions: &[usize],
    columns: &[FeatureInput<'_>],
    row: usize,
) -> [f64; 3] {
    // A fourth lane that stays 0 makes a row's heads one vector.
    let [logit, mu, raw_sigma] = scorer.intercept;
    let mut heads = [logit, mu, raw_sigma, 0.0];
    for (terms, &position) in scorer.terms.iter().zip(positions) {
        match (terms, columns.get(position)) {
            (Terms::Number(terms), Some(FeatureInput::Number(column))) => {
                add_number(&mut heads, *terms, value_at(column, row));
            }
            (Terms::Far(terms), Some(FeatureInput::Number(column))) => {
                add_number(&mut heads, *terms, value_at(column, row) * FAR_UNIT);
            }
            (Terms::Levels(weights), Some(FeatureInput::Codes { codes, levels })) => {
                let level = codes.get(row).and_then(|&code| levels.get(code as usize));
                let added = level.map_or([0.0; 3], |level| weights.get(*level));
                for (head, weight) in heads.iter_mut().zip(added) {
                    *head += weight;
                }
            }
            _ => {}
        }
    }
    let [logit, mu, raw_sigma, _] = heads;
    [logit, mu, raw_sigma]
}

#[inline(always)]
fn add_number(heads: &mut [f64; 4], terms: NumberTerms, x: f64) {
    let centred = terms.centred(x);
    let [a, b, c] = terms.weights;
    for (head, weight) in heads.iter_mut().zip([a, b, c, 0.0]) {
        *head += centred * weight;
    }
}

/// Checks the columns once for every model that a row uses.
fn check<P: AsRef<[usize]>>(
    scorers: &[&Scorer],
    scorer_of_row: &[u32],
    positions: &[P],
    columns: &[FeatureInput<'_>],
    rows: usize,
) -> Result<()> {
    let mut used = vec![false; scorers.len()];
    for &scorer in scorer_of_row.iter().take(rows) {
        if let Some(used) = used.get_mut(scorer as usize) {
            *used = true;
        }
    }
    for ((scorer, positions), used) in scorers.iter().zip(positions).zip(used) {
        if !used {
            continue;
        }
        for (feature, &position) in positions.as_ref().iter().enumerate() {
            let column = columns.get(position).ok_or_else(|| Error::Feature {
                problem: format!("there is no column {position}, only {}", columns.len()),
            })?;
            scorer.check(feature, column, rows)?;
        }
    }
    Ok(())
}
