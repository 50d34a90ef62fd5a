//! `ziln_predict(model, features)`.

/// The name in SQL.
pub(crate) const NAME: &str = "ziln_predict";

/// How it is called.
pub(crate) const USAGE: &str = "ziln_predict(model, features)";
