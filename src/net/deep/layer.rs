//! What a product ends in: the units of a layer, errors, or a gradient.
//!
//! Their buffers have room for the rows of a tile, which are all that come; rows beyond them would be left out.

use pulp::Simd;

use super::product::{Out, PANEL, Panel, load, locate, put_vectors, store, vectors_of};

/// The units of a layer.
pub(super) struct Units<'a> {
    pub(super) to: &'a mut [Panel],
    pub(super) panels: usize,
    /// What the sums begin with; without, with what is there.
    pub(super) biases: Option<&'a [Panel]>,
    /// Whether these are all terms of the sums.
    pub(super) last: bool,
    pub(super) kept: Option<KeptUnits<'a>>,
}

/// The units that dropout keeps.
#[derive(Clone, Copy)]
pub(super) struct KeptUnits<'a> {
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
    fn start<S: Simd, const M: usize, const N: usize>(
        &self,
        simd: S,
        row: usize,
        vector: usize,
    ) -> [[S::f32s; N]; M] {
        if let Some(biases) = self.biases {
            return [vectors_of(simd, biases, vector); M];
        }
        let mut rows = &self.to[row * self.panels..];
        let mut starts = [[simd.splat_f32s(0.0); N]; M];
        for start in &mut starts {
            let Some(row) = rows.split_off(..self.panels) else { break };
            *start = vectors_of(simd, row, vector);
        }
        starts
    }

    #[inline(always)]
    fn finish<S: Simd, const M: usize, const N: usize>(
        &mut self,
        simd: S,
        row: usize,
        vector: usize,
        sums: [[S::f32s; N]; M],
    ) {
        let (zero, panels) = (simd.splat_f32s(0.0), self.panels);
        let mut rows = &mut self.to[row * panels..];
        // A loop each, so that each is short enough to be unrolled.
        match (self.last, self.kept) {
            (false, _) => {
                for sums in sums {
                    let Some(row) = rows.split_off_mut(..panels) else { return };
                    put_vectors::<S, N>(row, vector, sums);
                }
            }
            (true, None) => {
                for mut sums in sums {
                    let Some(row) = rows.split_off_mut(..panels) else { return };
                    for sums in &mut sums {
                        *sums = simd.select_f32s(simd.less_than_f32s(zero, *sums), *sums, zero);
                    }
                    put_vectors::<S, N>(row, vector, sums);
                }
            }
            (true, Some(KeptUnits { bits, factor })) => {
                let factor = simd.splat_f32s(factor);
                let mut bits = &bits[row * panels..];
                for mut sums in sums {
                    let Some(row) = rows.split_off_mut(..panels) else { return };
                    let Some(bits) = bits.split_off(..panels) else { return };
                    for (vector, sums) in (vector..).zip(&mut sums) {
                        let (panel, within) = locate::<S>(vector);
                        let bit = S::as_simd_u32s(&BITS).0[within];
                        let of_row = simd.and_u32s(simd.splat_u32s(bits[panel]), bit);
                        let is_active = simd.less_than_f32s(zero, *sums);
                        let stays = simd.and_m32s(is_active, simd.equal_u32s(of_row, bit));
                        *sums = simd.select_f32s(stays, simd.mul_f32s(*sums, factor), zero);
                    }
                    put_vectors::<S, N>(row, vector, sums);
                }
            }
        }
    }
}

/// Errors: 0 where the unit is.
pub(super) struct Errors<'a> {
    pub(super) to: &'a mut [Panel],
    /// The gradient by the biases, to which the errors of all rows are added in their order.
    pub(super) by_biases: &'a mut [Panel],
    pub(super) units: &'a [Panel],
    pub(super) panels: usize,
    /// What dropout multiplied the units by.
    pub(super) factor: f32,
}

impl Out for Errors<'_> {
    #[inline(always)]
    fn start<S: Simd, const M: usize, const N: usize>(
        &self,
        simd: S,
        _: usize,
        _: usize,
    ) -> [[S::f32s; N]; M] {
        [[simd.splat_f32s(0.0); N]; M]
    }

    #[inline(always)]
    fn finish<S: Simd, const M: usize, const N: usize>(
        &mut self,
        simd: S,
        row: usize,
        vector: usize,
        sums: [[S::f32s; N]; M],
    ) {
        let (zero, factor) = (simd.splat_f32s(0.0), simd.splat_f32s(self.factor));
        let mut totals: [S::f32s; N] = vectors_of(simd, self.by_biases, vector);
        let mut units = &self.units[row * self.panels..];
        let mut rows = &mut self.to[row * self.panels..];
        for mut sums in sums {
            let Some(row) = rows.split_off_mut(..self.panels) else { return };
            let Some(units) = units.split_off(..self.panels) else { return };
            let units: [S::f32s; N] = vectors_of(simd, units, vector);
            for ((sums, units), total) in sums.iter_mut().zip(units).zip(&mut totals) {
                let is_active = simd.less_than_f32s(zero, units);
                *sums = simd.select_f32s(is_active, simd.mul_f32s(*sums, factor), zero);
                *total = simd.add_f32s(*total, *sums);
            }
            put_vectors::<S, N>(row, vector, sums);
        }
        put_vectors::<S, N>(self.by_biases, vector, totals);
    }
}

/// Rows of sums as they are.
pub(super) struct PlainRows<'a> {
    pub(super) rows: &'a mut [f32],
    pub(super) width: usize,
}

impl Out for PlainRows<'_> {
    #[inline(always)]
    fn start<S: Simd, const M: usize, const N: usize>(
        &self,
        simd: S,
        _: usize,
        _: usize,
    ) -> [[S::f32s; N]; M] {
        [[simd.splat_f32s(0.0); N]; M]
    }

    #[inline(always)]
    fn finish<S: Simd, const M: usize, const N: usize>(
        &mut self,
        _: S,
        row: usize,
        vector: usize,
        sums: [[S::f32s; N]; M],
    ) {
        for (row, sums) in (row..).zip(sums) {
            let from = row * self.width + vector * S::F32_LANES;
            let to = &mut self.rows[from..from + N * S::F32_LANES];
            S::as_mut_simd_f32s(to).0.copy_from_slice(&sums);
        }
    }
}

/// The gradient by weights in panels.
pub(super) struct Gradient<'a> {
    pub(super) panels: &'a mut [Panel],
    /// Whether the sums begin at 0; otherwise with what is there.
    pub(super) is_first: bool,
    /// Rows of weights a panel has.
    pub(super) inputs: usize,
}

impl Out for Gradient<'_> {
    #[inline(always)]
    fn start<S: Simd, const M: usize, const N: usize>(
        &self,
        simd: S,
        row: usize,
        vector: usize,
    ) -> [[S::f32s; N]; M] {
        let mut starts = [[simd.splat_f32s(0.0); N]; M];
        if self.is_first {
            return starts;
        }
        for (n, vector) in (vector..vector + N).enumerate() {
            let (panel, within) = locate::<S>(vector);
            let panels = &self.panels[panel * self.inputs + row..][..M];
            for (start, panel) in starts.iter_mut().zip(panels) {
                start[n] = load::<S>(panel, within);
            }
        }
        starts
    }

    #[inline(always)]
    fn finish<S: Simd, const M: usize, const N: usize>(
        &mut self,
        _: S,
        row: usize,
        vector: usize,
        sums: [[S::f32s; N]; M],
    ) {
        for (n, vector) in (vector..vector + N).enumerate() {
            let (panel, within) = locate::<S>(vector);
            let panels = &mut self.panels[panel * self.inputs + row..][..M];
            for (sums, panel) in sums.iter().zip(panels) {
                store::<S>(panel, within, sums[n]);
            }
        }
    }
}
