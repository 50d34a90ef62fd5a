//! Where the memory of the extension module comes from.

use std::alloc::{GlobalAlloc, Layout};

/// Blocks from this many bytes on are mapped from the system: the size of a huge page.
pub const LARGE: usize = 2 << 20;

/// What a mapping is aligned to at least: a page.
const PAGE: usize = 4096;

/// Large blocks straight from the system, everything else from `small`.
///
/// Allocators keep freed blocks for the next one that asks, for seconds. For batches, which come and go by the
/// thousand, that is right. A column of a training set or of an aggregate's state is asked for once, and while its
/// block is kept for nobody, the process holds it beside its successor. What is mapped goes back the moment it is freed,
/// and grows by moving pages instead of copying them.
#[derive(Debug)]
pub struct LargeBlocksMapped<A> {
    small: A,
}

impl<A> LargeBlocksMapped<A> {
    /// Large blocks from the system, everything else from `small`.
    pub const fn new(small: A) -> Self {
        Self { small }
    }
}

/// Whether a block of this size and alignment is mapped.
fn is_mapped(size: usize, align: usize) -> bool {
    size >= LARGE && align <= PAGE
}

// SAFETY: which of the two a block is from depends only on its layout, which the caller hands back; both keep the
// contract for theirs, and neither unwinds.
unsafe impl<A: GlobalAlloc> GlobalAlloc for LargeBlocksMapped<A> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if is_mapped(layout.size(), layout.align()) {
            map(layout.size())
        } else {
            // SAFETY: as the caller's promise.
            unsafe { self.small.alloc(layout) }
        }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if is_mapped(layout.size(), layout.align()) {
            map(layout.size())
        } else {
            // SAFETY: as the caller's promise.
            unsafe { self.small.alloc_zeroed(layout) }
        }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if is_mapped(layout.size(), layout.align()) {
            // SAFETY: the block came from `map` with this size.
            unsafe { libc::munmap(block.cast(), layout.size()) };
        } else {
            // SAFETY: as the caller's promise.
            unsafe { self.small.dealloc(block, layout) };
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        match (is_mapped(layout.size(), layout.align()), is_mapped(new_size, layout.align())) {
            // SAFETY: as the caller's promise.
            (false, false) => unsafe { self.small.realloc(block, layout, new_size) },
            (true, true) => {
                // SAFETY: the block came from `map` with this size.
                let moved = unsafe {
                    libc::mremap(block.cast(), layout.size(), new_size, libc::MREMAP_MAYMOVE)
                };
                mapped(moved, new_size)
            }
            _ => {
                // SAFETY: the new layout has the old one's alignment; both blocks are at least as long as what is copied.
                unsafe {
                    let new =
                        self.alloc(Layout::from_size_align_unchecked(new_size, layout.align()));
                    if !new.is_null() {
                        new.copy_from_nonoverlapping(block, layout.size().min(new_size));
                        self.dealloc(block, layout);
                    }
                    new
                }
            }
        }
    }
}

/// A block of zeros of this size, or null.
fn map(size: usize) -> *mut u8 {
    // SAFETY: a mapping of its own, of no file, at a place of the system's choice.
    let block = unsafe {
        libc::mmap(
            std::ptr::null_mut(),
            size,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
            -1,
            0,
        )
    };
    mapped(block, size)
}

/// A mapping of this size as a block, or null if there is none.
///
/// In huge pages, where the system has them, it is faster to fill.
fn mapped(block: *mut libc::c_void, size: usize) -> *mut u8 {
    if block == libc::MAP_FAILED {
        return std::ptr::null_mut();
    }
    // SAFETY: advice about a mapping of this size, which changes nothing where it is not followed.
    unsafe { libc::madvise(block, size, libc::MADV_HUGEPAGE) };
    block.cast()
}
