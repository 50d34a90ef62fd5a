//! Progress of trainings with option `progress`, on the terminal.
//!
//! Trainings tell what happens, which is written down, and a thread draws what there is to show, ten times a second, as long
//! as there are any. Training waits for neither the drawing nor whoever else shows it.

mod tally;

use std::io::IsTerminal;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::fit::{Event, Observer, observe};
use tally::Tally;
pub use tally::{Counted, Standing};

/// How often is drawn.
const TICK: Duration = Duration::from_millis(100);

/// Shows progress elsewhere than on the terminal, or with `None` no longer. Returns whether it does, so that nothing else has
/// to; it is called on a thread that does nothing else.
pub type Elsewhere = fn(Option<&Standing>) -> bool;

static METER: Meter = Meter {
    shown: Mutex::new(Shown { tally: None, bar: None, is_hushed: false }),
    elsewhere: OnceLock::new(),
};

/// Shows progress of the trainings of this process: elsewhere if that can be, else on the terminal that standard error is,
/// if it is one. The first call decides.
pub fn show(elsewhere: Option<Elsewhere>) {
    if METER.elsewhere.set(elsewhere).is_ok() {
        observe(&METER);
    }
}

/// Shows no more of the trainings that run: they were interrupted, and the line is somebody else's.
pub(super) fn hush() {
    let mut shown = METER.lock();
    shown.clear();
    shown.is_hushed = shown.tally.is_some();
}

struct Meter {
    shown: Mutex<Shown>,
    elsewhere: OnceLock<Option<Elsewhere>>,
}

/// What is known and drawn.
struct Shown {
    /// As long as there are trainings, and the thread that draws.
    tally: Option<Tally>,
    bar: Option<Bar>,
    /// Whether nobody wants to see these trainings any more.
    is_hushed: bool,
}

/// Where progress is shown.
#[derive(Clone, Copy)]
enum Place {
    Undecided,
    Elsewhere(Elsewhere),
    Terminal,
    Nowhere,
}

/// What there is to do at a time.
enum Tick {
    /// There is something to show.
    Shows(Standing),
    /// There is not, or not yet.
    Quiet,
    /// All trainings are over.
    Over,
}

impl Observer for Meter {
    fn tell(&self, event: Event) {
        let mut shown = self.lock();
        let begins = shown.tally.is_none();
        let tally = shown.tally.get_or_insert_default();
        tally.take(event, Instant::now());
        if !tally.is_at_work() {
            // Whatever the program writes next begins a line.
            shown.clear();
        }
        drop(shown);
        if begins {
            let drawn = thread::Builder::new().name("progress".to_owned()).spawn(|| METER.draw());
            if drawn.is_err() {
                // Training goes on all the same.
                self.lock().tally = None;
            }
        }
    }
}

impl Meter {
    fn lock(&self) -> MutexGuard<'_, Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Draws until all trainings are over.
    fn draw(&self) {
        let mut place = match self.elsewhere.get() {
            Some(Some(_)) => Place::Undecided,
            _ => terminal(),
        };
        loop {
            match (place, self.tick(place)) {
                (_, Tick::Over) => break,
                (Place::Elsewhere(show), Tick::Shows(standing)) => {
                    show(Some(&standing));
                }
                (Place::Undecided, Tick::Shows(standing)) => place = self.decide(&standing),
                _ => (),
            }
        }
        if let Place::Elsewhere(show) = place {
            show(None);
        }
    }

    /// After a while, what there is to show, drawn if it is the terminal where.
    fn tick(&self, place: Place) -> Tick {
        thread::sleep(TICK);
        let now = Instant::now();
        let mut shown = self.lock();
        let Some(tally) = shown.tally.as_ref().filter(|tally| !tally.is_over(now)) else {
            shown.clear();
            (shown.tally, shown.is_hushed) = (None, false);
            return Tick::Over;
        };
        let standing = tally.standing(now);
        if let (Place::Terminal, Some(standing), false) = (place, &standing, shown.is_hushed) {
            shown.draw(standing);
        }
        standing.map_or(Tick::Quiet, Tick::Shows)
    }

    fn decide(&self, standing: &Standing) -> Place {
        match self.elsewhere.get() {
            Some(Some(show)) if show(Some(standing)) => Place::Elsewhere(*show),
            _ => terminal(),
        }
    }
}

fn terminal() -> Place {
    if std::io::stderr().is_terminal() { Place::Terminal } else { Place::Nowhere }
}

impl Shown {
    fn draw(&mut self, standing: &Standing) {
        // A bar is of one length, or none.
        if self.bar.as_ref().is_some_and(|bar| !bar.is_of(standing)) {
            self.clear();
        }
        self.bar.get_or_insert_with(|| Bar::new(standing)).draw(standing);
    }

    fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.bar.finish_and_clear();
        }
    }
}

/// A line on the terminal.
struct Bar {
    bar: ProgressBar,
    has_length: bool,
}

impl Bar {
    fn new(standing: &Standing) -> Self {
        let has_length = standing.most.is_some();
        let template = if has_length { "[{bar:30}] {msg}" } else { "{spinner} {msg}" };
        let style = ProgressStyle::with_template(template);
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
        let style = style.progress_chars("=> ").tick_chars("-\\|/ ");
        let bar = ProgressBar::with_draw_target(standing.most, ProgressDrawTarget::stderr());
        Self { bar: bar.with_style(style).with_position(standing.done), has_length }
    }

    fn is_of(&self, standing: &Standing) -> bool {
        self.has_length == standing.most.is_some()
    }

    fn draw(&self, standing: &Standing) {
        self.bar.set_message(standing.to_string());
        self.bar.update(|state| {
            state.set_pos(standing.done);
            if let Some(most) = standing.most {
                state.set_len(most);
            }
        });
    }
}
