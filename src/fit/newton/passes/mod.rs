//! The exact solver over any number of rows: a pass over all of them for each step, with a state whose size does not depend
//! on them.
//!
//! [`newton_start`] decides from a bounded sample what has to be fixed before rows can be summed (encodings, ranges, penalties,
//! the least payment) and solves the sample. A [`Pass`] is made of that model: it sums loss, gradient and curvature of all
//! rows at the weights that the model proposes ([`PassSums`]), and goes a step from there. The sums are exact
//! ([`fixed_point_sum`]), so that neither the order of the rows nor how they are split makes a difference.
//!
//! [`encoder`] makes tiles of columns, [`pass`] adds them, [`next`] makes the next model of the sums, [`advance`] is the
//! solver between two passes. Of many columns the curvature is summed near the diagonal alone ([`profile`]), and a step
//! goes by what those before it told ([`quasi_newton`]).

mod advance;
mod encoder;
mod fixed_point_sum;
mod next;
mod options;
mod pass;
mod profile;
mod quasi_newton;
mod start;
mod sums;
mod tile_sums;

pub(super) use next::shrunk_by;
pub use options::PassOptions;
pub use pass::{Pass, PassColumns};
pub(super) use start::begin;
pub use start::newton_start;
pub use sums::PassSums;

#[cfg(test)]
mod tests;
