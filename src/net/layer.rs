//! What a product ends in: the units of a layer, errors, or a gradient.

use pulp::Simd;

use super::product::{Out, PANEL, Panel, load, place, store};

/// The units of a layer.
pub(super) struct Units<'a> {
    pub(super) units: &'a mut [Panel],
    pub(super) panels: usize,
    /// What the sums begin with; without, with what is there.
    pub(super) biases: Option<&'a [Panel]>,
    /// Whether these are all terms of the sums.
    pub(super) last: bool,
    /// What dropout keeps, and what that is multiplied by.
    pub(super) keep: Option<(&'a [u16], f32)>,
}

impl Out for Units<'_> {
    #[inline(always)]
    fn start<S: Simd>(&self, _: S, row: usize, vector: usize) -> S::f32s {
        let (panel, within) = place::<S>(vector);
        match self.biases {
            Some(biases) => load::<S>(&biases[panel], within),
            None => load::<S>(&self.units[row * self.panels + panel], within),
        }
    }

    #[inline(always)]
    fn finish<S: Simd>(&mut self, _: S, row: usize, vector: usize, sums: S::f32s) {
        let (panel, within) = place::<S>(vector);
        let unit = &mut self.units[row * self.panels + panel];
        store::<S>(unit, within, sums);
        if !self.last {
            return;
        }
        let lanes = within * S::F32_LANES..(within + 1) * S::F32_LANES;
        match self.keep {
            None => {
                for value in &mut unit[lanes] {
                    *value = if *value > 0.0 { *value } else { 0.0 };
                }
            }
            Some((keep, factor)) => {
                let bits = u32::from(keep[row * self.panels + panel]) >> lanes.start;
                for (lane, value) in unit[lanes].iter_mut().enumerate() {
                    let kept = *value > 0.0 && bits & (1 << lane) != 0;
                    *value = if kept { *value * factor } else { 0.0 };
                }
            }
        }
    }
}

/// Errors: 0 where the unit is.
pub(super) struct Errors<'a> {
    pub(super) errors: &'a mut [Panel],
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
    fn finish<S: Simd>(&mut self, _: S, row: usize, vector: usize, sums: S::f32s) {
        let (panel, within) = place::<S>(vector);
        let at = row * self.panels + panel;
        let errors = &mut self.errors[at];
        store::<S>(errors, within, sums);
        let lanes = within * S::F32_LANES..(within + 1) * S::F32_LANES;
        for (error, unit) in errors[lanes.clone()].iter_mut().zip(&self.units[at][lanes]) {
            *error = if *unit > 0.0 { *error * self.factor } else { 0.0 };
        }
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
        let (panel, within) = place::<S>(vector);
        load::<S>(&self.panels[panel * self.inputs + row], within)
    }

    #[inline(always)]
    fn finish<S: Simd>(&mut self, _: S, row: usize, vector: usize, sums: S::f32s) {
        let (panel, within) = place::<S>(vector);
        store::<S>(&mut self.panels[panel * self.inputs + row], within, sums);
    }
}

/// The columns' sums over rows of panels, added to `sums` in the order of the rows.
#[inline(always)]
pub(super) fn add_rows(rows: &[Panel], sums: &mut [Panel]) {
    let panels = sums.len();
    for (panel, sum) in sums.iter_mut().enumerate() {
        let mut lanes = [0.0_f32; PANEL];
        lanes.copy_from_slice(sum);
        for row in rows.iter().skip(panel).step_by(panels) {
            for (lane, value) in lanes.iter_mut().zip(row) {
                *lane += value;
            }
        }
        *sum = lanes;
    }
}
