//! Ctrl-C during training.
//!
//! Python's own handler of the signal only notes it, for the main thread to raise `KeyboardInterrupt` once it is back from
//! the engine. So while there are trainings a handler lies above it that ends them, and then calls what lies beneath:
//! Polars' handler, Python's, or whatever a program has put there. A signal that is ignored, or that ends the process,
//! is left to be so. Elsewhere than on Unix the signal is heard when training is over.

use pyo3::prelude::*;

/// Has the trainings of this process listen to Ctrl-C.
pub(crate) fn listen(py: Python<'_>) -> PyResult<()> {
    #[cfg(unix)]
    {
        let main = py.import("threading")?.call_method0("main_thread")?.getattr("ident")?;
        unix::MAIN_THREAD.get_or_init(|| main.extract::<u64>().ok());
        ziln::fit::listen(&unix::CtrlC);
    }
    let _ = py;
    Ok(())
}

#[cfg(unix)]
mod unix {
    use std::ffi::{c_int, c_void};
    use std::mem::MaybeUninit;
    use std::ptr;
    use std::sync::atomic::{AtomicBool, AtomicI32, AtomicUsize, Ordering};
    use std::sync::{Mutex, OnceLock, PoisonError};

    use pyo3::prelude::*;
    use pyo3::types::PyTuple;
    use ziln::fit::Listener;

    /// Of Python's main thread, the number that Python gives it: what `pthread_self` is there.
    pub(super) static MAIN_THREAD: OnceLock<Option<u64>> = OnceLock::new();

    /// The handler that lies beneath, and its flags.
    static BENEATH: AtomicUsize = AtomicUsize::new(libc::SIG_DFL);
    static BENEATH_FLAGS: AtomicI32 = AtomicI32::new(0);

    /// Whether the handler is at work, so that it cannot come to itself by way of another.
    static AT_WORK: AtomicBool = AtomicBool::new(false);

    /// How many calls train; and whether another handler was put above this while there were some.
    static CALLS: Mutex<Calls> = Mutex::new(Calls { count: 0, buried: false });

    struct Calls {
        count: usize,
        buried: bool,
    }

    #[derive(Debug)]
    pub(super) struct CtrlC;

    impl Listener for CtrlC {
        fn begin(&self) {
            let mut calls = CALLS.lock().unwrap_or_else(PoisonError::into_inner);
            calls.count += 1;
            let Some(current) = current() else { return };
            let found = current.sa_sigaction;
            let is_heard = ![ours(), libc::SIG_DFL, libc::SIG_IGN].contains(&found);
            // What was put above this handler calls it, unless it is what lay beneath, put back.
            if is_heard && !(calls.buried && found != BENEATH.load(Ordering::Relaxed)) {
                BENEATH.store(found, Ordering::Relaxed);
                BENEATH_FLAGS.store(current.sa_flags, Ordering::Relaxed);
                let above = libc::sigaction {
                    sa_sigaction: ours(),
                    sa_flags: current.sa_flags | libc::SA_SIGINFO,
                    ..current
                };
                calls.buried = !put(&above);
            }
        }

        fn end(&self) {
            let mut calls = CALLS.lock().unwrap_or_else(PoisonError::into_inner);
            calls.count -= 1;
            let Some(current) = current().filter(|_| calls.count == 0) else { return };
            if current.sa_sigaction == ours() {
                let beneath = libc::sigaction {
                    sa_sigaction: BENEATH.load(Ordering::Relaxed),
                    sa_flags: BENEATH_FLAGS.load(Ordering::Relaxed) as _,
                    ..current
                };
                put(&beneath);
            } else {
                calls.buried = true;
            }
        }

        fn interrupted(&self) {
            if MAIN_THREAD.get().copied().flatten() == Some(this_thread()) {
                Python::attach(|py| raise_on_return(py).unwrap_or_else(|error| error.print(py)));
            }
        }
    }

    /// Has Python raise what the signal's handler in Python raises, in the place of the error that the engine's package is
    /// about to, if it is the main thread that trains: only there are signals answered. A profiler, of which there is one
    /// at a time, is called as the frame with the error is left. Of a training on another thread the main thread raises the
    /// engine's error, and answers the signal with what it runs next.
    fn raise_on_return(py: Python<'_>) -> PyResult<()> {
        let sys = py.import("sys")?;
        if sys.call_method0("getprofile")?.is_none() {
            sys.call_method1("setprofile", (wrap_pyfunction!(raise_interrupt, py)?,))?;
        }
        Ok(())
    }

    /// The profiler: once, whatever it is told.
    #[pyfunction]
    #[pyo3(signature = (*_arguments))]
    fn raise_interrupt(py: Python<'_>, _arguments: &Bound<'_, PyTuple>) -> PyResult<()> {
        py.import("sys")?.call_method1("setprofile", (py.None(),))?;
        py.check_signals()
    }

    /// The number that Python gives this thread.
    fn this_thread() -> u64 {
        // SAFETY: it has no conditions.
        unsafe { libc::pthread_self() as u64 }
    }

    /// The handler as a number.
    fn ours() -> usize {
        handle as *const () as usize
    }

    /// What is done about the signal now.
    fn current() -> Option<libc::sigaction> {
        let mut found = MaybeUninit::zeroed();
        // SAFETY: the pointer is to memory for what is found; nothing is changed.
        let failed = unsafe { libc::sigaction(libc::SIGINT, ptr::null(), found.as_mut_ptr()) } != 0;
        // SAFETY: all bits 0 are a value of this type, and what was found is another.
        (!failed).then(|| unsafe { found.assume_init() })
    }

    /// Decides what is done about the signal. Returns whether that succeeded.
    fn put(action: &libc::sigaction) -> bool {
        // SAFETY: the action is `handle`, which only touches atomics and calls what lies beneath, or one that was found.
        unsafe { libc::sigaction(libc::SIGINT, action, ptr::null_mut()) == 0 }
    }

    /// Ends the trainings, then does what would be done without this handler.
    extern "C" fn handle(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
        if AT_WORK.swap(true, Ordering::Acquire) {
            return;
        }
        ziln::fit::interrupt();
        let beneath = BENEATH.load(Ordering::Relaxed);
        if ![0, ours(), libc::SIG_DFL, libc::SIG_IGN].contains(&beneath) {
            let beneath = beneath as *const ();
            if BENEATH_FLAGS.load(Ordering::Relaxed) & libc::SA_SIGINFO != 0 {
                type Action = extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void);
                // SAFETY: a handler that was found with this flag is such a function, and is called as the system would.
                unsafe { std::mem::transmute::<*const (), Action>(beneath)(signal, info, context) };
            } else {
                // SAFETY: a handler that was found without the flag is such a function, and is called as the system would.
                unsafe { std::mem::transmute::<*const (), extern "C" fn(c_int)>(beneath)(signal) };
            }
        }
        AT_WORK.store(false, Ordering::Release);
    }
}
