//! What a network is to be, and how it is trained.

/// A network to train: its layers, and how. [`Network::new`] has the defaults, which need no tuning.
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    /// The units of each hidden layer.
    pub(super) hidden: Vec<usize>,
    /// Rows a step.
    pub batch_size: Option<usize>,
    /// Passes over the rows, at most.
    pub epochs: u64,
    /// The learning rate before the schedule.
    pub learning_rate: f64,
    /// What a step takes off a weight beside the learning rate.
    pub decay: f64,
    /// Units in 16 that a step does without.
    pub dropout: u8,
    /// The share of the rows that decides when to stop.
    pub validation_fraction: f64,
    /// Epochs without a better validation loss before training stops.
    pub patience: u64,
    /// Steps over which weights are averaged, in the long run; 0 for none.
    pub average: f64,
    /// What the learning rate of embeddings is multiplied by.
    pub embedding_rate: f64,
    /// The decay of embeddings.
    pub embedding_decay: f64,
    /// Print.
    pub verbose: bool,
}

impl Network {
    /// Layers of so many units.
    pub fn new(hidden: Vec<usize>) -> Self {
        Self {
            hidden,
            batch_size: None,
            epochs: 40,
            learning_rate: 0.003,
            decay: 0.01,
            dropout: 3,
            validation_fraction: 0.1,
            patience: 10,
            average: 0.0,
            embedding_rate: 1.0,
            embedding_decay: 0.01,
            verbose: false,
        }
    }

    /// The units of each hidden layer.
    pub fn hidden(&self) -> &[usize] {
        &self.hidden
    }
}
