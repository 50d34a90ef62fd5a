//! The order of the batches in an epoch.

use xxhash_rust::xxh3::xxh3_64_with_seed;

/// A shuffle that depends on the seed and the epoch alone.
pub(in crate::fit) fn batch_order(count: usize, seed: u64, epoch: u64) -> Vec<u32> {
    let mut order: Vec<u32> = (0..count as u32).collect();
    for last in (1..count).rev() {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&epoch.to_le_bytes());
        bytes[8..].copy_from_slice(&(last as u64).to_le_bytes());
        let random = xxh3_64_with_seed(&bytes, seed);
        // The high half of the product: a number below `last + 1`, evenly but for 2^-64.
        let pick = (u128::from(random) * (last as u128 + 1)) >> 64;
        order.swap(last, pick as usize);
    }
    order
}
