//! The product of two matrices on a tile, in blocks that stay in registers.
//!
//! `out(i, o) = start(i, o) + sum over j of left(i, j) * right(j, o)`. The terms of a sum are added in their order, each by
//! one `mul_add`, so its bits depend neither on the width of the vectors nor on the size of a block.

use pulp::Simd;

/// Outputs that lie next to each other; widths are padded to a multiple of this.
pub(crate) const PANEL: usize = 16;

/// Outputs, or weights of them, side by side.
pub(crate) type Panel = [f32; PANEL];

/// A width padded to whole panels.
pub(crate) const fn padded(width: usize) -> usize {
    width.next_multiple_of(PANEL)
}

/// The left matrix.
pub(super) trait Left: Copy {
    /// The terms of `M` rows from `first` on.
    fn rows<const M: usize>(self, first: usize) -> impl Iterator<Item = [f32; M]>;
}

/// A left matrix whose rows lie one after the other.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    pub(super) values: &'a [f32],
    /// From one row to the next.
    pub(super) stride: usize,
    pub(super) terms: usize,
}

impl Left for Rows<'_> {
    #[inline(always)]
    fn rows<const M: usize>(self, first: usize) -> impl Iterator<Item = [f32; M]> {
        let Self { values, stride, terms } = self;
        let rows: [&[f32]; M] =
            std::array::from_fn(|row| &values[(first + row) * stride..][..terms]);
        (0..terms).map(move |term| std::array::from_fn(|row| rows[row][term]))
    }
}

/// A left matrix whose columns lie one after the other.
#[derive(Clone, Copy)]
pub(super) struct Columns<'a> {
    pub(super) values: &'a [f32],
    /// From one column to the next.
    pub(super) stride: usize,
    pub(super) terms: usize,
}

impl Left for Columns<'_> {
    #[inline(always)]
    fn rows<const M: usize>(self, first: usize) -> impl Iterator<Item = [f32; M]> {
        let Self { values, stride, terms } = self;
        let columns = values.chunks_exact(stride).take(terms);
        columns.map(move |column| std::array::from_fn(|row| column[first..first + M][row]))
    }
}

/// The right matrix.
pub(super) trait Right: Copy {
    /// The terms of `N` vectors of outputs from vector `first` on.
    fn vectors<S: Simd, const N: usize>(self, first: usize) -> impl Iterator<Item = [S::f32s; N]>;
}

/// A right matrix in panels: of each panel the terms one after the other.
#[derive(Clone, Copy)]
pub(super) struct Panels<'a> {
    pub(super) values: &'a [Panel],
    pub(super) terms: usize,
}

impl Right for Panels<'_> {
    #[inline(always)]
    fn vectors<S: Simd, const N: usize>(self, first: usize) -> impl Iterator<Item = [S::f32s; N]> {
        let Self { values, terms } = self;
        let place = |vector: usize| place::<S>(first + vector);
        let panels: [&[Panel]; N] =
            std::array::from_fn(|vector| &values[place(vector).0 * terms..][..terms]);
        let within: [usize; N] = std::array::from_fn(|vector| place(vector).1);
        (0..terms).map(move |term| {
            std::array::from_fn(|vector| load::<S>(&panels[vector][term], within[vector]))
        })
    }
}

/// A right matrix whose terms lie one after the other, each in whole panels.
#[derive(Clone, Copy)]
pub(super) struct Terms<'a> {
    pub(super) values: &'a [f32],
    /// From one term to the next.
    pub(super) stride: usize,
    pub(super) terms: usize,
}

impl Right for Terms<'_> {
    #[inline(always)]
    fn vectors<S: Simd, const N: usize>(self, first: usize) -> impl Iterator<Item = [S::f32s; N]> {
        let Self { values, stride, terms } = self;
        let from = first * S::F32_LANES;
        values.chunks_exact(stride).take(terms).map(move |term| {
            let vectors = S::as_simd_f32s(&term[from..from + N * S::F32_LANES]).0;
            std::array::from_fn(|vector| vectors[vector])
        })
    }
}

/// Where sums begin and end.
pub(super) trait Out {
    /// What the sums of a vector of outputs begin with.
    fn start<S: Simd>(&self, simd: S, row: usize, vector: usize) -> S::f32s;

    /// Takes the sums of a vector of outputs.
    fn finish<S: Simd>(&mut self, simd: S, row: usize, vector: usize, sums: S::f32s);
}

/// In which panel a vector lies, and where in it, in vectors.
#[inline(always)]
pub(super) fn place<S: Simd>(vector: usize) -> (usize, usize) {
    let in_panel = PANEL / S::F32_LANES;
    (vector / in_panel, vector % in_panel)
}

#[inline(always)]
pub(super) fn load<S: Simd>(panel: &Panel, within: usize) -> S::f32s {
    S::as_simd_f32s(panel).0[within]
}

#[inline(always)]
pub(super) fn store<S: Simd>(panel: &mut Panel, within: usize, values: S::f32s) {
    S::as_mut_simd_f32s(panel).0[within] = values;
}

/// Computes `rows` times `width` outputs; `width` is a multiple of [`PANEL`].
#[inline(always)]
pub(super) fn product<S: Simd>(
    simd: S,
    rows: usize,
    width: usize,
    left: impl Left,
    right: impl Right,
    out: &mut impl Out,
) {
    let vectors = width / S::F32_LANES;
    // As many sums as there are registers for, beside what they are made of.
    match S::F32_LANES {
        16 => blocks::<S, 8, 2>(simd, rows, vectors, left, right, out),
        8 => blocks::<S, 4, 2>(simd, rows, vectors, left, right, out),
        _ => blocks::<S, 4, 4>(simd, rows, vectors, left, right, out),
    }
}

#[inline(always)]
fn blocks<S: Simd, const M: usize, const N: usize>(
    simd: S,
    rows: usize,
    vectors: usize,
    left: impl Left,
    right: impl Right,
    out: &mut impl Out,
) {
    let mut vector = 0;
    while vector + N <= vectors {
        strip::<S, M, N>(simd, rows, vector, left, right, out);
        vector += N;
    }
    while vector < vectors {
        strip::<S, M, 1>(simd, rows, vector, left, right, out);
        vector += 1;
    }
}

#[inline(always)]
fn strip<S: Simd, const M: usize, const N: usize>(
    simd: S,
    rows: usize,
    vector: usize,
    left: impl Left,
    right: impl Right,
    out: &mut impl Out,
) {
    let mut row = 0;
    while row + M <= rows {
        block::<S, M, N>(simd, row, vector, left, right, out);
        row += M;
    }
    if M > 4 && row + 4 <= rows {
        block::<S, 4, N>(simd, row, vector, left, right, out);
        row += 4;
    }
    while row < rows {
        block::<S, 1, N>(simd, row, vector, left, right, out);
        row += 1;
    }
}

#[inline(always)]
fn block<S: Simd, const M: usize, const N: usize>(
    simd: S,
    row: usize,
    vector: usize,
    left: impl Left,
    right: impl Right,
    out: &mut impl Out,
) {
    let mut sums: [[S::f32s; N]; M] =
        std::array::from_fn(|m| std::array::from_fn(|n| out.start(simd, row + m, vector + n)));
    for (left, right) in left.rows::<M>(row).zip(right.vectors::<S, N>(vector)) {
        for m in 0..M {
            let factor = simd.splat_f32s(left[m]);
            for n in 0..N {
                sums[m][n] = simd.mul_add_f32s(factor, right[n], sums[m][n]);
            }
        }
    }
    for (m, sums) in sums.into_iter().enumerate() {
        for (n, sums) in sums.into_iter().enumerate() {
            out.finish(simd, row + m, vector + n, sums);
        }
    }
}
