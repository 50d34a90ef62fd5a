//! Which terms of the loss are trained together.

use super::amount::AmountTerm;
use super::head::Head;
use super::paying::PayingTerm;
use super::term::Term;

/// A term of the loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LossTerm {
    /// [`PayingTerm`].
    Paying,
    /// [`AmountTerm`].
    Amount,
}

impl LossTerm {
    /// The terms that make the loss.
    pub(crate) const ALL: [Self; 2] = [Self::Paying, Self::Amount];

    /// The heads that the term depends on.
    pub(crate) fn heads(self) -> &'static [Head] {
        match self {
            Self::Paying => &PayingTerm::HEADS,
            Self::Amount => &AmountTerm::HEADS,
        }
    }
}

/// The terms that are trained together: the connected components of terms that share a group of weights, in the order of
/// their last terms. No weight is in two of them.
///
/// `weights` names the groups of weights that a head's output depends on.
fn components<G: PartialEq>(weights: impl Fn(Head) -> Vec<G>) -> Vec<Vec<LossTerm>> {
    let mut components: Vec<(Vec<LossTerm>, Vec<G>)> = Vec::new();
    for term in LossTerm::ALL {
        let mut terms = Vec::new();
        let mut groups: Vec<G> = term.heads().iter().flat_map(|&h| weights(h)).collect();
        // What shares a group with the term is one with it, and so is all that this brings along.
        components.retain_mut(|(other, theirs)| {
            let shares = theirs.iter().any(|group| groups.contains(group));
            if shares {
                terms.extend_from_slice(other);
                groups.append(theirs);
            }
            !shares
        });
        terms.push(term);
        components.push((terms, groups));
    }
    components.into_iter().map(|(terms, _)| terms).collect()
}

/// The components of the linear model, in which every head has its own weights.
pub(crate) fn linear_components() -> Vec<Vec<LossTerm>> {
    components(|head| vec![head])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_terms_of_the_linear_model_share_no_weight_and_miss_no_head() {
        assert_eq!(linear_components(), [[LossTerm::Paying], [LossTerm::Amount]]);
        let heads: Vec<Head> =
            LossTerm::ALL.iter().flat_map(|term| term.heads()).copied().collect();
        assert_eq!(heads, Head::ALL);
    }

    #[test]
    fn terms_that_share_a_weight_are_trained_together() {
        let of_hidden_layers = |head: Head| vec![head.name(), "trunk"];
        assert_eq!(components(of_hidden_layers), [LossTerm::ALL]);
        let of_one = |head| if head == Head::Logit { vec![Head::Mu] } else { vec![head] };
        assert_eq!(components(of_one), [LossTerm::ALL], "a head that reads another's weights");
    }
}
