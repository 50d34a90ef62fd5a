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
    /// How many terms a sum has.
    fn terms(self) -> usize;

    /// Of `M` rows from `first` on what stands at a term, in every lane.
    fn rows<S: Simd, const M: usize>(self, simd: S, first: usize)
    -> impl Fn(usize) -> [S::f32s; M];
}

/// A left matrix whose rows lie one after the other.
#[derive(Clone, Copy)]
pub(super) struct RowMajor<'a> {
    pub(super) values: &'a [f32],
    /// From one row to the next.
    pub(super) stride: usize,
    pub(super) terms: usize,
}

impl Left for RowMajor<'_> {
    #[inline(always)]
    fn terms(self) -> usize {
        self.terms
    }

    #[inline(always)]
    fn rows<S: Simd, const M: usize>(
        self,
        simd: S,
        first: usize,
    ) -> impl Fn(usize) -> [S::f32s; M] {
        let Self { values, stride, terms } = self;
        let mut rows: [&[f32]; M] = [&[]; M];
        for (row, slot) in rows.iter_mut().enumerate() {
            *slot = &values[(first + row) * stride..][..terms];
        }
        #[inline(always)]
        move |term| {
            let mut factors = [simd.splat_f32s(0.0); M];
            for (factor, row) in factors.iter_mut().zip(&rows) {
                *factor = simd.splat_f32s(row[term]);
            }
            factors
        }
    }
}

/// A left matrix whose columns lie one after the other.
#[derive(Clone, Copy)]
pub(super) struct ColumnMajor<'a> {
    pub(super) values: &'a [f32],
    /// From one column to the next.
    pub(super) stride: usize,
    pub(super) terms: usize,
}

impl Left for ColumnMajor<'_> {
    #[inline(always)]
    fn terms(self) -> usize {
        self.terms
    }

    #[inline(always)]
    fn rows<S: Simd, const M: usize>(
        self,
        simd: S,
        first: usize,
    ) -> impl Fn(usize) -> [S::f32s; M] {
        let Self { values, stride, .. } = self;
        #[inline(always)]
        move |term| {
            let column = &values[term * stride + first..][..M];
            let mut factors = [simd.splat_f32s(0.0); M];
            for (factor, value) in factors.iter_mut().zip(column) {
                *factor = simd.splat_f32s(*value);
            }
            factors
        }
    }
}

/// The right matrix.
pub(super) trait Right: Copy {
    /// Of `N` vectors of outputs from vector `first` on what stands at a term.
    fn vectors<S: Simd, const N: usize>(
        self,
        simd: S,
        first: usize,
    ) -> impl Fn(usize) -> [S::f32s; N];
}

/// A right matrix in panels: of each panel the terms one after the other.
#[derive(Clone, Copy)]
pub(super) struct Panels<'a> {
    pub(super) values: &'a [Panel],
    pub(super) terms: usize,
}

impl Right for Panels<'_> {
    #[inline(always)]
    fn vectors<S: Simd, const N: usize>(
        self,
        simd: S,
        first: usize,
    ) -> impl Fn(usize) -> [S::f32s; N] {
        let Self { values, terms } = self;
        let mut panels: [(&[Panel], usize); N] = [(&[], 0); N];
        for (vector, slot) in panels.iter_mut().enumerate() {
            let (panel, within) = locate::<S>(first + vector);
            *slot = (&values[panel * terms..][..terms], within);
        }
        #[inline(always)]
        move |term| {
            let mut vectors = [simd.splat_f32s(0.0); N];
            for (vector, (panel, within)) in vectors.iter_mut().zip(&panels) {
                *vector = load::<S>(&panel[term], *within);
            }
            vectors
        }
    }
}

/// A right matrix whose terms lie one after the other, each in whole panels.
#[derive(Clone, Copy)]
pub(super) struct Terms<'a> {
    pub(super) values: &'a [f32],
    /// From one term to the next.
    pub(super) stride: usize,
}

impl Right for Terms<'_> {
    #[inline(always)]
    fn vectors<S: Simd, const N: usize>(
        self,
        simd: S,
        first: usize,
    ) -> impl Fn(usize) -> [S::f32s; N] {
        let Self { values, stride } = self;
        let from = first * S::F32_LANES;
        #[inline(always)]
        move |term| {
            let values = &values[term * stride + from..][..N * S::F32_LANES];
            let mut vectors = [simd.splat_f32s(0.0); N];
            vectors.copy_from_slice(S::as_simd_f32s(values).0);
            vectors
        }
    }
}

/// Where sums begin and end.
pub(super) trait Out {
    /// What the sums of `M` rows from `row` on begin with, in `N` vectors of outputs from `vector` on.
    fn start<S: Simd, const M: usize, const N: usize>(
        &self,
        simd: S,
        row: usize,
        vector: usize,
    ) -> [[S::f32s; N]; M];

    /// Takes the sums. The rows of a vector come in their order.
    fn finish<S: Simd, const M: usize, const N: usize>(
        &mut self,
        simd: S,
        row: usize,
        vector: usize,
        sums: [[S::f32s; N]; M],
    );
}

/// Vectors of a row of panels, from vector `first` on.
#[inline(always)]
pub(super) fn vectors_of<S: Simd, const N: usize>(
    simd: S,
    row: &[Panel],
    first: usize,
) -> [S::f32s; N] {
    let mut vectors = [simd.splat_f32s(0.0); N];
    for (vector, slot) in (first..).zip(&mut vectors) {
        let (panel, within) = locate::<S>(vector);
        *slot = load::<S>(&row[panel], within);
    }
    vectors
}

/// Puts vectors into a row of panels, from vector `first` on.
#[inline(always)]
pub(super) fn put_vectors<S: Simd, const N: usize>(
    row: &mut [Panel],
    first: usize,
    vectors: [S::f32s; N],
) {
    for (vector, values) in (first..).zip(vectors) {
        let (panel, within) = locate::<S>(vector);
        store::<S>(&mut row[panel], within, values);
    }
}

/// In which panel a vector lies, and where in it, in vectors.
#[inline(always)]
pub(super) fn locate<S: Simd>(vector: usize) -> (usize, usize) {
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
    product_of_vectors(simd, rows, width / S::F32_LANES, left, right, out);
}

/// The same of the first `vectors` vectors of outputs.
#[inline(always)]
pub(super) fn product_of_vectors<S: Simd>(
    simd: S,
    rows: usize,
    vectors: usize,
    left: impl Left,
    right: impl Right,
    out: &mut impl Out,
) {
    // As many sums as there are registers for, beside what they are made of.
    match S::F32_LANES {
        16 => blocks::<S, 8, 2>(simd, rows, vectors, left, right, out),
        8 => blocks::<S, 4, 2>(simd, rows, vectors, left, right, out),
        _ => blocks::<S, 4, 4>(simd, rows, vectors, left, right, out),
    }
}

#[inline(always)]
pub(super) fn blocks<S: Simd, const M: usize, const N: usize>(
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
    if M > 3 && row + 3 <= rows {
        block::<S, 3, N>(simd, row, vector, left, right, out);
        row += 3;
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
    let mut sums: [[S::f32s; N]; M] = out.start(simd, row, vector);
    let (factors, vectors) = (left.rows::<S, M>(simd, row), right.vectors::<S, N>(simd, vector));
    for term in 0..left.terms() {
        let (factors, vectors) = (factors(term), vectors(term));
        for (sums, factor) in sums.iter_mut().zip(factors) {
            for (sum, vector) in sums.iter_mut().zip(vectors) {
                *sum = simd.mul_add_f32s(factor, vector, *sum);
            }
        }
    }
    out.finish(simd, row, vector, sums);
}
