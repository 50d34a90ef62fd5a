//! What a model is: features and their encodings, the weights of the three heads, prediction, models made ready and kept
//! (`scorer_cache`), and the JSON text.
//!
//! Imports [`math`](crate::math), `net` (its hidden layers), `family`, [`record`](crate::record) and the error; no engine.
//! The schema of the text is documented field by field in `docs/model-format.md`.

mod between;
mod bound;
mod check;
mod columns;
mod document;
mod errors;
mod explain;
mod feature;
mod foreign;
mod huge;
mod info;
mod input;
mod layout;
mod limits;
mod mixed;
mod model_rows;
#[cfg(any(feature = "datafusion", feature = "polars"))]
mod models;
mod network;
mod network_check;
mod network_explainer;
mod network_parts;
mod network_scorer;
mod objects;
mod params_error;
mod passes;
mod problem;
mod range;
mod row_encoder;
mod scorer;
#[cfg(any(feature = "datafusion", feature = "polars"))]
mod scorer_cache;
mod scorer_set;
mod standardizer;
mod state;
mod terms;
mod tile;
mod training;
mod version;
mod weights;

pub use crate::family::{Head, SigmaPrior};
pub use between::{Between, HeadBetween};
pub(crate) use document::Bounds;
pub use document::Model;
pub use errors::{Covariance, ErrorKind, HeadErrors, StandardErrors};
pub use explain::{Contribution, Explainer};
pub use feature::{Encoding, Feature, Unit};
pub use foreign::ForeignNetwork;
pub(crate) use huge::HUGE_UNIT;
pub use info::ModelInfo;
pub use input::FeatureInput;
pub use layout::FeatureUse;
pub use limits::MOST_FEATURES;
#[cfg(any(feature = "datafusion", feature = "polars"))]
pub(crate) use limits::check_feature_count;
pub use model_rows::ModelRows;
#[cfg(any(feature = "datafusion", feature = "polars"))]
pub(crate) use models::Models;
pub use network::{
    Activation, HeadOfUnits, HeadsOfUnits, LayerWeights, LevelVectors, MOST_LAYERS, MOST_UNITS,
    Network, NetworkState, NetworkTraining, NetworkValues, TotalShift,
};
pub(crate) use network_parts::{NetworkParts, StateParts};
pub(crate) use network_scorer::amount_ends;
pub use params_error::{ErrorScorer, ParamsError};
pub use passes::{PassPair, PassPart, PassStatus, Passes, Shrunk};
pub use range::Range;
pub use scorer::{ParamsOut, Scorer};
pub use scorer_set::{NO_SCORER, ScorerSet};
pub(crate) use standardizer::Standardizer;
pub(crate) use state::AMOUNT_SCALES;
pub use state::{HeadState, OptimizerState};
pub use training::{History, L2, OptionsInForce, StopReason, Training};
pub use version::{FORMAT_VERSION, NETWORK_VERSION};
pub use weights::{HeadWeights, WeightRow, Weights};
