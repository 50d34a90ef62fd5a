//! A column as a function of the distribution reads it: one value for all rows, or one a row.

use super::{
    dispatch::dispatch,
    sigma::{floor_sigma, floor_sigmas, sigma_from_raw, sigmas_from_raw},
};

/// Rows that are computed at a time: so few that intermediate values stay in the first-level cache and memory is asked for
/// the next rows before the wait for them grows long, and so many that the payers among them fill a few vectors.
pub const BLOCK: usize = 128;

/// One argument of a function of the distribution: a value for every row, or a value a row.
///
/// Anything that is not already `f64` is widened a block at a time, so no argument is ever expanded or copied
/// whole.
#[derive(Debug, Clone, Copy)]
pub enum Column<'a> {
    /// The same value in every row.
    Scalar(f64),
    /// A value a row.
    F64(&'a [f64]),
    /// A value a row, in single precision.
    F32(&'a [f32]),
    /// Row `i` is `values[offset + i * stride]`: one element of each fixed-size list.
    Strided {
        /// The list column's values.
        values: &'a [f64],
        /// The index within a list.
        offset: usize,
        /// The length of a list.
        stride: usize,
    },
}

/// The spread of the amount: the raw output of a model, or the log-normal's sigma itself.
#[derive(Debug, Clone, Copy)]
pub enum Spread<'a> {
    /// Before softplus; sigma is `max(softplus(raw_sigma), sqrt(1e-7))`.
    RawSigma(Column<'a>),
    /// After softplus; floored likewise. A negative sigma is NaN.
    Sigma(Column<'a>),
}

/// The three parameters of the distribution, one row a customer.
#[derive(Debug, Clone, Copy)]
pub struct Params<'a> {
    /// The logit of the probability to pay.
    pub logit: Column<'a>,
    /// The mean of the logarithm of the amount.
    pub mu: Column<'a>,
    /// The standard deviation of the logarithm of the amount.
    pub spread: Spread<'a>,
}

impl Column<'_> {
    /// The number of rows the column has, or `None` for a scalar, which has as many as are asked for.
    pub fn len(&self) -> Option<usize> {
        match *self {
            Column::Scalar(_) | Column::Strided { stride: 0, .. } => None,
            Column::F64(values) => Some(values.len()),
            Column::F32(values) => Some(values.len()),
            Column::Strided { values, offset, stride } => {
                Some(values.len().saturating_sub(offset).div_ceil(stride))
            }
        }
    }

    /// Whether the column has no row.
    pub fn is_empty(&self) -> bool {
        self.len() == Some(0)
    }
}

/// Hands out the rows of a [`Column`] as slices of `f64`, a block at a time.
///
/// A scalar is written out once, `f64` is borrowed, anything else is widened into a buffer. Rows past the end of
/// the column are NaN (and a bug of the caller, at which debug builds panic).
#[derive(Debug)]
pub struct Blocks<'a> {
    column: Column<'a>,
    /// The most rows of a block.
    block: usize,
    /// A block's rows, empty until there are some that cannot be borrowed.
    buffer: Vec<f64>,
}

impl<'a> Blocks<'a> {
    /// A reader of the column in blocks of [`BLOCK`] rows.
    pub fn new(column: Column<'a>) -> Self {
        Self::of(BLOCK, column)
    }

    /// A reader of the column in blocks of that many rows.
    pub fn of(block: usize, column: Column<'a>) -> Self {
        let column = match column {
            // A stride of 0 repeats one value.
            Column::Strided { values, offset, stride: 0 } => {
                Column::Scalar(values.get(offset).copied().unwrap_or(f64::NAN))
            }
            other => other,
        };
        let buffer = if let Column::Scalar(value) = column { vec![value; block] } else { vec![] };
        Self { column, block, buffer }
    }

    /// The rows from `start`, as many as asked for but at most a block.
    #[inline]
    pub fn rows(&mut self, start: usize, len: usize) -> &[f64] {
        let len = len.min(self.block);
        debug_assert!(
            self.column.len().is_none_or(|rows| start + len <= rows),
            "a column is shorter than the output"
        );
        if let Column::F64(values) = self.column
            && let Some(rows) = values.get(start..start + len)
        {
            return rows;
        }
        self.buffer.resize(self.block, f64::NAN);
        let buffer = &mut self.buffer[..len];
        match self.column {
            Column::Scalar(_) => {}
            Column::F64(values) => copy(buffer, values.iter().skip(start).copied()),
            Column::F32(values) => match values.get(start..start + len) {
                Some(rows) => widen(rows, buffer),
                None => copy(buffer, values.iter().skip(start).map(|&value| f64::from(value))),
            },
            Column::Strided { values, offset, stride } => {
                let from = start.saturating_mul(stride).saturating_add(offset);
                let rows = values.get(from..).unwrap_or_default();
                copy(buffer, rows.iter().step_by(stride).copied());
            }
        }
        buffer
    }
}

/// Fills the buffer from the values, and with NaN after the last.
#[inline]
fn copy(buffer: &mut [f64], values: impl Iterator<Item = f64>) {
    let mut count = 0;
    for (to, value) in buffer.iter_mut().zip(values) {
        *to = value;
        count += 1;
    }
    buffer[count..].fill(f64::NAN);
}

/// `f32` to `f64`, exactly.
fn widen(values: &[f32], buffer: &mut [f64]) {
    dispatch(
        #[inline(always)]
        || {
            for (to, &value) in buffer.iter_mut().zip(values) {
                *to = f64::from(value);
            }
        },
    );
}

/// A function of each value.
pub(crate) type Convert = fn(&[f64], &mut [f64]);

/// Hands out the rows of [`Params`] as slices of logit, mu and sigma (after softplus and floor), a block at a
/// time.
#[derive(Debug)]
pub(crate) struct ParamBlocks<'a> {
    logit: Blocks<'a>,
    mu: Blocks<'a>,
    spread: Blocks<'a>,
    /// What makes sigma of the spread; `None` where it is sigma already.
    convert: Option<Convert>,
    /// The sigmas of a block, empty where none are converted.
    sigma: Vec<f64>,
}

impl<'a> ParamBlocks<'a> {
    /// A reader of the parameters.
    pub(crate) fn new(params: &Params<'a>) -> Self {
        let (spread, convert): (_, Option<Convert>) = match params.spread {
            // One sigma for all rows is computed once.
            Spread::RawSigma(Column::Scalar(raw)) => (Column::Scalar(sigma_from_raw(raw)), None),
            Spread::Sigma(Column::Scalar(sigma)) => (Column::Scalar(floor_sigma(sigma)), None),
            Spread::RawSigma(column) => (column, Some(sigmas_from_raw)),
            Spread::Sigma(column) => (column, Some(floor_sigmas)),
        };
        Self {
            logit: Blocks::new(params.logit),
            mu: Blocks::new(params.mu),
            spread: Blocks::new(spread),
            convert,
            sigma: if convert.is_some() { vec![0.0; BLOCK] } else { vec![] },
        }
    }

    /// A reader that leaves raw sigmas as they are, and what makes sigmas of them: for a function that needs those of few
    /// rows. A sigma that was given is floored as ever.
    pub(crate) fn unconverted(params: &Params<'a>) -> (Self, Option<Convert>) {
        let mut reader = Self::new(params);
        let is_raw = matches!(params.spread, Spread::RawSigma(_));
        let convert = reader.convert.take_if(|_| is_raw);
        (reader, convert)
    }

    /// The rows from `start`, as many as asked for but at most [`BLOCK`].
    #[inline]
    pub(crate) fn rows(&mut self, start: usize, len: usize) -> (&[f64], &[f64], &[f64]) {
        let spread = self.spread.rows(start, len);
        let sigma = match self.convert {
            None => spread,
            Some(convert) => {
                let sigma = &mut self.sigma[..spread.len()];
                convert(spread, sigma);
                sigma
            }
        };
        (self.logit.rows(start, len), self.mu.rows(start, len), sigma)
    }
}

#[cfg(test)]
mod tests {
    use super::{BLOCK, Blocks, Column};

    #[test]
    fn a_list_of_no_place_repeats_itself() {
        let column = Column::Strided { values: &[1.0, 2.0], offset: 1, stride: 0 };
        assert_eq!(column.len(), None);
        assert_eq!(Blocks::new(column).rows(70, 3), [2.0; 3]);
        let beyond = Column::Strided { values: &[1.0, 2.0], offset: 2, stride: 0 };
        assert!(Blocks::new(beyond).rows(0, 1)[0].is_nan());
    }

    #[test]
    fn lengths() {
        let list = |len, offset| Column::Strided { values: &[0.0; 9][..len], offset, stride: 3 };
        assert_eq!(list(9, 2).len(), Some(3));
        assert_eq!(list(8, 2).len(), Some(2));
        assert_eq!(list(8, 1).len(), Some(3));
        assert_eq!(list(0, 2).len(), Some(0));
        assert_eq!(Column::Scalar(0.0).len(), None);
        assert!(Column::F32(&[]).is_empty());
        assert!(!Column::Scalar(0.0).is_empty());
    }

    #[test]
    fn never_more_than_a_block() {
        let values = [1.0; 2 * BLOCK];
        assert_eq!(Blocks::new(Column::F64(&values)).rows(3, 2 * BLOCK - 3).len(), BLOCK);
        assert_eq!(Blocks::new(Column::Scalar(1.0)).rows(3, usize::MAX).len(), BLOCK);
    }
}
