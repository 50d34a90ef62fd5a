//! What campaigns say of the variances and the centre of a head, summed over them.

use crate::fit::newton::Symmetric;

/// A variance is taken to be `1 - error^2 / variance^2` of itself, at least 0: `error` is so many of its standard errors, or
/// so many, and more where there are few campaigns, of those of a variance that is 0, whichever is less.
const DOUBT: f64 = 2.0;
const DOUBT_OF_NONE: f64 = 3.0;

/// What the campaigns say together, of one head.
#[derive(Clone)]
pub(super) struct HeadSums {
    /// By group: the squared distances from the centre, and how many weights the rows decide.
    pub(super) squares: Vec<f64>,
    pub(super) decided: Vec<f64>,
    /// By group: the sum of the squared information on a weight's centre, twice the information on the variance.
    pub(super) of_variance: Vec<f64>,
    /// The same of a variance that is 0, and the sum of the fourth powers.
    pub(super) of_none: Vec<f64>,
    pub(super) of_none_squared: Vec<f64>,
    /// Of the intercept and the numbers: the slope of the marginal likelihood by the centre, and its information.
    pub(super) slope: Vec<f64>,
    pub(super) information: Symmetric,
}

impl HeadSums {
    pub(super) fn new(groups: usize, dense: usize) -> Self {
        Self {
            squares: vec![0.0; groups],
            decided: vec![0.0; groups],
            of_variance: vec![0.0; groups],
            of_none: vec![0.0; groups],
            of_none_squared: vec![0.0; groups],
            slope: vec![0.0; dense],
            information: Symmetric::new(dense),
        }
    }

    pub(super) fn add(&mut self, other: &Self) {
        let pairs = [
            (&mut self.squares, &other.squares),
            (&mut self.decided, &other.decided),
            (&mut self.of_variance, &other.of_variance),
            (&mut self.of_none, &other.of_none),
            (&mut self.of_none_squared, &other.of_none_squared),
            (&mut self.slope, &other.slope),
        ];
        for (sums, others) in pairs {
            sums.iter_mut().zip(others).for_each(|(sum, other)| *sum += other);
        }
        self.information.add_all(&other.information);
    }

    /// The square of what a group's variance is doubted by.
    ///
    /// A variance that many campaigns say is nearly normal, and its standard error grows with itself: of `n` campaigns, however
    /// large, it is `sqrt(2 / n)` of the variance, so that few could never show that they differ. Whether they do is a
    /// question to the variance that is 0. That of few campaigns is distributed like chi squared, whose tail is longer
    /// (Cornish and Fisher 1938); the centre takes one of them.
    pub(super) fn error(&self, group: usize) -> f64 {
        let of_itself = DOUBT * DOUBT * 2.0 / self.of_variance[group];
        let (squares, fourth) = (self.of_none[group], self.of_none_squared[group]);
        let campaigns = squares * squares / fourth;
        let free = campaigns - 1.0;
        let skewness = (8.0 / free).sqrt();
        let doubt = DOUBT_OF_NONE + (DOUBT_OF_NONE * DOUBT_OF_NONE - 1.0) / 6.0 * skewness;
        let of_none = doubt * doubt * 2.0 / squares * campaigns / free;
        // What is no number, of one campaign, says nothing.
        if of_none < of_itself { of_none } else { of_itself }
    }
}
