//! How much memory the exact solver takes beside its rows: matrices of a problem's columns.

use super::fit_newton::MOST_COLUMNS;
use super::part_objective::{pieces, pieces_at_once};
use crate::family::PAIRS;

/// Matrices of a point: the two heads of the amount have one each, and one in common.
const POINT: usize = PAIRS;

/// All pairs of the two heads as one matrix has the room of so many.
const JOINED: usize = 4;

/// Covariances are the inverse of a joined matrix, made of its factor and of the factor's inverse, while the point is kept;
/// robust ones take the slopes beside these, and both as full matrices.
const COVARIANCES: usize = POINT + 3 * JOINED;
const ROBUST: usize = POINT + 6 * JOINED;

/// The share that the paying part, which has one head, has beside these: after it was trained, and while it is.
const PAYING_AFTER: usize = 6;
const PAYING_BESIDE: usize = 2;

/// About how many bytes matrices take at most, of a training on so many rows with so many columns and threads.
pub(in crate::fit) fn matrix_bytes(
    (rows, columns): (usize, usize),
    robust: bool,
    threads: usize,
) -> usize {
    // More columns are refused before there is a matrix.
    let columns = columns.min(MOST_COLUMNS);
    let of_pieces = (pieces(rows, columns).min(pieces_at_once(threads)) + 2) * POINT;
    let matrices = of_pieces.max(if robust { ROBUST } else { COVARIANCES });
    let paying = matrices / if threads > 1 { PAYING_BESIDE } else { PAYING_AFTER };
    (matrices + paying) * size_of::<f64>() * columns * columns
}
