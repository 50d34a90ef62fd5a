//! What is said about memory beside what the allocator is asked for. One test after the other: the count is the process's.

#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::unwrap_used)]

mod allocator;
#[cfg(feature = "datafusion")]
mod limits;
mod training;

#[global_allocator]
static ALLOCATOR: allocator::Counting = allocator::Counting;

#[test]
fn memory() {
    training::the_estimate_is_what_training_takes();
    training::the_estimate_is_what_a_model_takes();
    #[cfg(feature = "datafusion")]
    limits::a_limit_holds();
}
