//! The heads: what a model says of each customer.

/// A head of the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Head {
    /// The logit of the probability to pay.
    Logit,
    /// The mean of the logarithm of the amount.
    Mu,
    /// The raw spread of the logarithm of the amount.
    RawSigma,
}

impl Head {
    /// The heads, in the order of every list of them.
    pub const ALL: [Self; 3] = [Self::Logit, Self::Mu, Self::RawSigma];

    /// The head's name in SQL, in Python and in the model text.
    pub fn name(self) -> &'static str {
        match self {
            Self::Logit => "logit",
            Self::Mu => "mu",
            Self::RawSigma => "raw_sigma",
        }
    }
}
