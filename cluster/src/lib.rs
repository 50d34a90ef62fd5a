//! Queries of ziln on many machines: workers, and sessions whose queries they run.
//!
//! The engine is `datafusion-distributed`: a planner inside an ordinary session of DataFusion cuts a query into stages, and
//! workers run them and stream rows to each other and to the session. There is no scheduler. A worker that is lost ends the
//! queries that it took part in with an error; a query never returns other rows than a local one.
//! `docs/cluster.md` says how to start one, and what it needs.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `session` | [`prepare`] and [`connect`]: a session on a cluster; what a session of a worker is made of |
//! | `address`, `workers`, `channels` | where workers are, which of them answer, connections to them |
//! | `planner`, `refuse`, `one_value` | how a query becomes stages, what is refused |
//! | `gather`, `spread`, `prove` | what the engine is given, how files are dealt, whether what it returns has the rows of the query |
//! | `query`, `gate` | the nodes above a plan, and below what writes: deadline, what is sent along, what becomes of errors |
//! | `one_input` | what these two have in common |
//! | `hello` | what a client tells workers: its version and its settings |
//! | `panics` | what becomes of a result during which something panicked, in workers and sessions |
//! | `server` | [`serve`]: a worker |

mod address;
mod channels;
mod gate;
mod gather;
mod hello;
mod one_input;
mod one_value;
mod options;
mod panics;
mod planner;
mod prove;
mod query;
mod refuse;
mod server;
mod session;
mod spread;
mod workers;

pub use address::Address;
pub use options::ClusterOptions;
pub use server::{WorkerOptions, serve};
pub use session::{connect, prepare};
