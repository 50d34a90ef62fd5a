//! Choosing the vector instructions at run time.

/// Runs `f` compiled for the widest vector instructions this machine has.
///
/// On x86-64 that is AVX-512, AVX2 or the SSE2 every such machine has; elsewhere the target's own baseline,
/// such as NEON on aarch64. The loops inside `f` are vectorised by the compiler, and only where everything they
/// call is inlined: mark the closure and what it calls `#[inline(always)]`. A closure that is not inlined is
/// still correct, only slow.
///
/// The choice changes how many rows are computed at a time, never the result of one: `mul_add` is rounded once
/// everywhere. An x86-64 processor without AVX2 and FMA (made before 2013) has no instruction for it, and computes it
/// slowly.
///
/// ```
/// use ziln::math::{dispatch, exp};
///
/// let mut values = [0.0, 1.0, -1.0];
/// dispatch(
///     #[inline(always)]
///     || {
///         for value in &mut values {
///             *value = exp(*value);
///         }
///     },
/// );
/// assert_eq!(values[0], 1.0);
/// ```
#[inline]
pub fn dispatch<R>(f: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(f)
}

/// Runs what is written for vectors of any width with the widest this machine has; see [`dispatch`].
#[inline]
pub(crate) fn dispatch_simd<W: pulp::WithSimd>(work: W) -> W::Output {
    pulp::Arch::new().dispatch(work)
}
