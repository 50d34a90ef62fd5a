//! Blocks of all sizes keep what was written to them, and large ones go back to the system at once.
#![cfg(target_os = "linux")]

#[path = "../src/allocator.rs"]
mod allocator;

use std::alloc::{GlobalAlloc, Layout, System};

use allocator::{LARGE, LargeBlocksMapped};

const ALLOCATOR: LargeBlocksMapped<System> = LargeBlocksMapped::new(System);

/// A block of this size with a number in each 1,000th byte and the last.
fn filled(layout: Layout) -> *mut u8 {
    // SAFETY: the layout is not empty, and only bytes of the block are written.
    unsafe {
        let block = ALLOCATOR.alloc(layout);
        assert!(!block.is_null() && block.align_offset(layout.align()) == 0);
        for place in places(layout.size()) {
            block.add(place).write(place as u8);
        }
        block
    }
}

fn places(size: usize) -> impl Iterator<Item = usize> {
    (0..size).step_by(1000).chain([size - 1])
}

#[test]
fn blocks_keep_their_bytes_when_they_grow_and_shrink() {
    let sizes = [1, 100, LARGE - 1, LARGE, LARGE + 1, 3 * LARGE + 4097];
    for align in [1, 8, 64, 4096, 1 << 16] {
        for old in sizes {
            for new in sizes {
                let layout = Layout::from_size_align(old, align).unwrap();
                let block = filled(layout);
                // SAFETY: the block came from this allocator with this layout, and is read within its new size.
                unsafe {
                    let block = ALLOCATOR.realloc(block, layout, new);
                    assert!(!block.is_null() && block.align_offset(align) == 0);
                    for place in places(old.min(new)).filter(|place| place % 1000 == 0) {
                        assert_eq!(
                            block.add(place).read(),
                            place as u8,
                            "{old} to {new} at {place}"
                        );
                    }
                    block.add(new - 1).write(1);
                    ALLOCATOR.dealloc(block, Layout::from_size_align(new, align).unwrap());
                }
            }
        }
    }
}

#[test]
fn zeroed_blocks_are_zero_after_others_were_not() {
    for size in [100, LARGE, 2 * LARGE] {
        let layout = Layout::from_size_align(size, 8).unwrap();
        let block = filled(layout);
        // SAFETY: both blocks are of this allocator and layout, and read within their size.
        unsafe {
            ALLOCATOR.dealloc(block, layout);
            let block = ALLOCATOR.alloc_zeroed(layout);
            assert!(!block.is_null());
            assert!(std::slice::from_raw_parts(block, size).iter().all(|&byte| byte == 0));
            ALLOCATOR.dealloc(block, layout);
        }
    }
}

#[test]
fn what_cannot_be_had_is_null() {
    let layout = Layout::from_size_align(1 << 60, 8).unwrap();
    // SAFETY: the layout is not empty; nothing is read or written.
    assert!(unsafe { ALLOCATOR.alloc(layout) }.is_null());
    let small = Layout::from_size_align(LARGE, 8).unwrap();
    let block = filled(small);
    // SAFETY: the block is of this allocator and layout, and stays so where it cannot grow.
    unsafe {
        assert!(ALLOCATOR.realloc(block, small, 1 << 60).is_null());
        assert_eq!(block.add(1000).read(), 1000_usize as u8);
        ALLOCATOR.dealloc(block, small);
    }
}

#[test]
fn large_blocks_go_back_at_once() {
    let pages = || {
        let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
        statm.split(' ').nth(1).unwrap().parse::<usize>().unwrap()
    };
    let layout = Layout::from_size_align(256 << 20, 8).unwrap();
    let before = pages();
    let block = filled(layout);
    let held = pages() - before;
    // SAFETY: the block is of this allocator and layout.
    unsafe { ALLOCATOR.dealloc(block, layout) };
    let kept = pages() - before;
    assert!(held > 60_000 && kept < held / 4, "{held} pages, of which {kept} stayed");
}
