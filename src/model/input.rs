//! The columns that predictions are made from.

use crate::math::{Blocks, Column};

/// The values of one feature to predict from.
#[derive(Debug, Clone, Copy)]
pub enum FeatureInput<'a> {
    /// Numbers; NaN and infinite ones are missing.
    Number(Column<'a>),
    /// Categories: row `i` is `levels[codes[i]]`, and `None` is NULL. A code out of range counts as a level the
    /// model does not know.
    Codes {
        /// A code a row.
        codes: &'a [u32],
        /// What the codes mean.
        levels: &'a [Option<&'a str>],
    },
}

impl<'a> FeatureInput<'a> {
    /// The numbers of some rows; NaN where there is none.
    pub(crate) fn gather(self, rows: &[u32], out: &mut [f64]) {
        match self {
            Self::Number(Column::F64(values)) => {
                for (out, row) in out.iter_mut().zip(rows) {
                    *out = values.get(*row as usize).copied().unwrap_or(f64::NAN);
                }
            }
            Self::Number(Column::F32(values)) => {
                for (out, row) in out.iter_mut().zip(rows) {
                    *out = values.get(*row as usize).map_or(f64::NAN, |&value| f64::from(value));
                }
            }
            _ => {
                for (out, row) in out.iter_mut().zip(rows) {
                    *out = self.number(*row as usize);
                }
            }
        }
    }

    /// The numbers in blocks of so many rows; a column of categories has none.
    pub(super) fn numbers(self, block: usize) -> Blocks<'a> {
        Blocks::of(
            block,
            match self {
                Self::Number(column) => column,
                Self::Codes { .. } => Column::Scalar(f64::NAN),
            },
        )
    }

    /// The number of a row; NaN where there is none.
    pub(super) fn number(self, row: usize) -> f64 {
        let number = match self {
            Self::Number(Column::Scalar(value)) => Some(value),
            Self::Number(Column::F64(values)) => values.get(row).copied(),
            Self::Number(Column::F32(values)) => values.get(row).map(|&value| f64::from(value)),
            Self::Number(Column::Strided { values, offset, stride }) => {
                values.get(row.saturating_mul(stride).saturating_add(offset)).copied()
            }
            Self::Codes { .. } => None,
        };
        number.unwrap_or(f64::NAN)
    }

    /// Codes and what they mean; a column of numbers has none.
    pub(crate) fn codes(self) -> (&'a [u32], &'a [Option<&'a str>]) {
        match self {
            Self::Codes { codes, levels } => (codes, levels),
            Self::Number(_) => (&[], &[]),
        }
    }
}

/// Of what kind a feature is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum InputKind {
    /// A number.
    Number,
    /// A number whose scale is huge.
    Huge,
    /// A category.
    Category,
}

impl InputKind {
    /// Why a feature of this kind cannot be read from the column, if it cannot.
    pub(super) fn refuses(self, column: &FeatureInput<'_>, rows: usize) -> Option<&'static str> {
        let is_long_enough = match (self, column) {
            (Self::Number | Self::Huge, FeatureInput::Number(column)) => holds(column, rows),
            (Self::Category, FeatureInput::Codes { codes, .. }) => codes.len() >= rows,
            (Self::Number | Self::Huge, FeatureInput::Codes { .. }) => {
                return Some("is a number in the model, and text came; cast it to a number");
            }
            (Self::Category, FeatureInput::Number(_)) => {
                return Some("is a category in the model, and numbers came; cast it to text");
            }
        };
        (!is_long_enough).then_some("has fewer rows than the others")
    }
}

/// Whether the column has that many rows.
fn holds(column: &Column<'_>, rows: usize) -> bool {
    match column {
        Column::Scalar(_) => true,
        Column::F64(values) => values.len() >= rows,
        Column::F32(values) => values.len() >= rows,
        Column::Strided { values, offset, stride } => {
            rows == 0 || values.len() > (rows - 1).saturating_mul(*stride).saturating_add(*offset)
        }
    }
}
