//! Prediction with a model that differs from row to row.

use super::feature::FAR_UNIT;
use super::scorer::{FeatureInput, LevelTerms, NumberTerms, ParamsOut, ROWS, Scorer, Terms, holds};
use crate::math::{Blocks, Column, dispatch, sigma_from_raw};
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
    let mut readers: Vec<Blocks<'_>> = columns.iter().map(|column| reader(column, rows)).collect();
    for start in (0..rows).step_by(ROWS) {
        let block = start..rows.min(start + ROWS);
        let numbers: Vec<&[f64]> =
            readers.iter_mut().map(|reader| reader.rows(start, block.len())).collect();
        dispatch(
            #[inline(always)]
            || {
                for row in block {
                    let scorer = scorer_of_row[row] as usize;
                    let heads = match (scorers.get(scorer), positions.get(scorer)) {
                        (Some(scorer), Some(positions)) => {
                            let place = Place { row, row_of_block: row - start };
                            predict_row(scorer, positions.as_ref(), &numbers, columns, place)
                        }
                        _ => [f64::NAN; 3],
                    };
                    [logit[row], mu[row], sigma[row]] = heads;
                }
            },
        );
    }
    // By themselves, so that the loop vectorises.
    dispatch(
        #[inline(always)]
        || {
            for raw_sigma in sigma.iter_mut().take(rows) {
                *raw_sigma = sigma_from_raw(*raw_sigma);
            }
        },
    );
    for (sigma, &scorer) in sigma.iter_mut().zip(scorer_of_row) {
        *sigma = scorers.get(scorer as usize).map_or(f64::NAN, |s| s.cap_sigma(*sigma));
    }
    Ok(())
}

/// Hands out the numbers of a column, whatever form they came in.
fn reader<'a>(column: &FeatureInput<'a>, rows: usize) -> Blocks<'a> {
    match column {
        FeatureInput::Number(column) if holds(column, rows) => Blocks::of(ROWS, *column),
        // A column of categories, or one that no row uses.
        _ => Blocks::of(ROWS, Column::Scalar(f64::NAN)),
    }
}

/// Where a row stands.
#[derive(Clone, Copy)]
struct Place {
    row: usize,
    row_of_block: usize,
}

/// The heads of a row; the third is raw. `numbers` are the columns of its block.
#[inline(always)]
fn predict_row(
    scorer: &Scorer,
    positions: &[usize],
    numbers: &[&[f64]],
    columns: &[FeatureInput<'_>],
    place: Place,
) -> [f64; 3] {
    // A fourth lane that stays 0 makes a row's heads one vector.
    let [logit, mu, raw_sigma] = scorer.intercept;
    let mut heads = [logit, mu, raw_sigma, 0.0];
    let number = |position: usize| {
        numbers.get(position).and_then(|numbers| numbers.get(place.row_of_block)).copied()
    };
    for (terms, &position) in scorer.terms.iter().zip(positions) {
        match terms {
            Terms::Number(terms) => {
                add_number(&mut heads, *terms, number(position).unwrap_or(f64::NAN));
            }
            Terms::Far(terms) => {
                add_number(&mut heads, *terms, number(position).unwrap_or(f64::NAN) * FAR_UNIT);
            }
            Terms::Levels(weights) => {
                let added = columns.get(position).map_or([0.0; 3], |c| c.added(weights, place.row));
                for (head, weight) in heads.iter_mut().zip(added) {
                    *head += weight;
                }
            }
        }
    }
    let [logit, mu, raw_sigma, _] = heads;
    [logit, mu, raw_sigma]
}

impl FeatureInput<'_> {
    /// What the category of a row adds.
    fn added(&self, weights: &LevelTerms, row: usize) -> [f64; 3] {
        let Self::Codes { codes, levels } = self else { return [0.0; 3] };
        let level = codes.get(row).and_then(|&code| levels.get(code as usize));
        level.map_or([0.0; 3], |level| weights.get(*level))
    }
}

#[inline(always)]
fn add_number(heads: &mut [f64; 4], terms: NumberTerms, x: f64) {
    let centred = terms.centred(x);
    let [a, b, c] = terms.weights;
    for (head, weight) in heads.iter_mut().zip([a, b, c, 0.0]) {
        *head = centred.mul_add(weight, *head);
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
