//! What a product ends in: the units of a layer, errors, or a gradient.

use pulp::Simd;

use super::product::{Out, PANEL, Panel, load, locate, store};

/// The units of a layer.
pub(super) struct Units<'a> {
    pub(super) to: &'a mut [Panel],
    pub(super) panels: usize,
    /// What the sums begin with; without, with what is there.
    pub(super) biases: Option<&'a [Panel]>,
    /// Whether these are all terms of the sums.
    pub(super) last: bool,
    pub(super) kept: Option<Kept<'a>>,
}

/// The units that dropout keeps.
#[derive(Clone, Copy)]
pub(super) struct Kept<'a> {
    /// Of each panel a bit a unit.
    pub(super) bits: &'a [u32],
    /// What they are multiplied by.
    pub(super) factor: f32,
}

/// The bit of each unit of a panel.
const BITS: [u32; PANEL] = {
    let mut bits = [0; PANEL];
    let mut lane = 0;
    while lane < PANEL {
        bits[lane] = 1 << lane;
        lane += 1;
    }
    bits
};

impl Out for Units<'_> {
    #[inline(always)]
    fn start<S: Simd>(&self, _: S, row: usize, vector: usize) -> S::f32s {
        let (panel, within) = locate::<S>(vector);
        match self.biases {
            Some(biases) => load::<S>(&biases[panel], within),
            None => load::<S>(&self.to[row * self.panels + panel], within),
        }
    }

    #[inline(always)]
    fn finish<S: Simd>(&mut self, simd: S, row: usize, vector: usize, sums: S::f32s) {
        let (panel, within) = locate::<S>(vector);
        let at = row * self.panels + panel;
        let zero = simd.splat_f32s(0.0);
        let is_active = simd.less_than_f32s(zero, sums);
        let units = match (self.last, self.kept) {
            (false, _) => sums,
            (true, None) => simd.select_f32s(is_active, sums, zero),
            (true, Some(Kept { bits, factor })) => {
                let bit = S::as_simd_u32s(&BITS).0[within];
                let is_kept = simd.equal_u32s(simd.and_u32s(simd.splat_u32s(bits[at]), bit), bit);
                let units = simd.mul_f32s(sums, simd.splat_f32s(factor));
                simd.select_f32s(simd.and_m32s(is_active, is_kept), units, zero)
            }
        };
        store::<S>(&mut self.to[at], within, units);
    }
}

/// Errors: 0 where the unit is.
pub(super) struct Errors<'a> {
    pub(super) to: &'a mut [Panel],
    pub(super) units: &'a [Panel],
    pub(super) panels: usize,
    /// What dropout multiplied the units by.
    pub(super) factor: f32,
}

impl Out for Errors<'_> {
    #[inline(always)]
    fn start<S: Simd>(&self, simd: S, _: usize, _: usize) -> S::f32s {
        simd.splat_f32s(0.0)
    }

    #[inline(always)]
    fn finish<S: Simd>(&mut self, simd: S, row: usize, vector: usize, sums: S::f32s) {
        let (panel, within) = locate::<S>(vector);
        let at = row * self.panels + panel;
        let zero = simd.splat_f32s(0.0);
        let is_active = simd.less_than_f32s(zero, load::<S>(&self.units[at], within));
        let errors = simd.mul_f32s(sums, simd.splat_f32s(self.factor));
        store::<S>(&mut self.to[at], within, simd.select_f32s(is_active, errors, zero));
    }
}

/// Rows of sums as they are.
pub(super) struct Plain<'a> {
    pub(super) rows: &'a mut [f32],
    pub(super) width: usize,
}

impl Out for Plain<'_> {
    #[inline(always)]
    fn start<S: Simd>(&self, simd: S, _: usize, _: usize) -> S::f32s {
        simd.splat_f32s(0.0)
    }

    #[inline(always)]
    fn finish<S: Simd>(&mut self, _: S, row: usize, vector: usize, sums: S::f32s) {
        let from = row * self.width + vector * S::F32_LANES;
        S::as_mut_simd_f32s(&mut self.rows[from..from + S::F32_LANES]).0[0] = sums;
    }
}

/// The gradient by weights in panels, which the sums go on from.
pub(super) struct Gradient<'a> {
    pub(super) panels: &'a mut [Panel],
    /// Rows of weights a panel has.
    pub(super) inputs: usize,
}

impl Out for Gradient<'_> {
    #[inline(always)]
    fn start<S: Simd>(&self, _: S, row: usize, vector: usize) -> S::f32s {
        let (panel, within) = locate::<S>(vector);
        load::<S>(&self.panels[panel * self.inputs + row], within)
    }

    #[inline(always)]
    fn finish<S: Simd>(&mut self, _: S, row: usize, vector: usize, sums: S::f32s) {
        let (panel, within) = locate::<S>(vector);
        store::<S>(&mut self.panels[panel * self.inputs + row], within, sums);
    }
}

/// Panels whose sums wait for each other's additions.
const SUMMED: usize = 4;

/// The columns' sums over rows of panels, added to `sums` in the order of the rows.
#[inline(always)]
pub(super) fn add_rows<S: Simd>(simd: S, rows: &[Panel], sums: &mut [Panel]) {
    let panels = sums.len();
    let mut first = 0;
    while first + SUMMED <= panels {
        add_panels::<S, SUMMED>(simd, rows, first, sums);
        first += SUMMED;
    }
    while first < panels {
        add_panels::<S, 1>(simd, rows, first, sums);
        first += 1;
    }
}

#[inline(always)]
fn add_panels<S: Simd, const N: usize>(simd: S, rows: &[Panel], first: usize, sums: &mut [Panel]) {
    let panels = sums.len();
    for within in 0..PANEL / S::F32_LANES {
        let mut totals = [simd.splat_f32s(0.0); N];
        for (total, panel) in totals.iter_mut().zip(&sums[first..]) {
            *total = load::<S>(panel, within);
        }
        for row in rows.chunks_exact(panels) {
            let row = &row[first..][..N];
            for (total, panel) in totals.iter_mut().zip(row) {
                *total = simd.add_f32s(*total, load::<S>(panel, within));
            }
        }
        for (total, panel) in totals.into_iter().zip(&mut sums[first..]) {
            store::<S>(panel, within, total);
        }
    }
}
