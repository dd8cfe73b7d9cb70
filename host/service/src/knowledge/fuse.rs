//! One ranking of several.

use std::collections::HashMap;

/// How much the first places count more than those behind them. Source: Cormack, Clarke and Büttcher, "Reciprocal rank fusion
/// outperforms Condorcet and individual rank learning methods", 2009.
const SMOOTHING: f64 = 60.0;

/// Fuses rankings by reciprocal rank, at most `most` of them, the best first, each with a score from 0 to 1: what is first in every
/// ranking has 1.
pub(super) fn fuse(rankings: &[Vec<i64>], most: usize) -> Vec<(i64, f64)> {
    let mut scores: HashMap<i64, f64> = HashMap::new();
    for ranking in rankings {
        for (rank, seq) in (1_u32..).zip(ranking) {
            let share = (SMOOTHING + 1.0) / (SMOOTHING + f64::from(rank));
            *scores.entry(*seq).or_default() += share / rankings.len() as f64;
        }
    }
    let mut fused: Vec<(i64, f64)> = scores.into_iter().collect();
    fused.sort_by(|one, other| other.1.total_cmp(&one.1).then(one.0.cmp(&other.0)));
    fused.truncate(most);
    fused
}

#[cfg(test)]
mod tests {
    use super::fuse;

    #[test]
    fn what_several_rank_high_comes_first() {
        let fused = fuse(&[vec![1, 2, 3], vec![3, 2, 4]], 3);
        let order: Vec<i64> = fused.iter().map(|(seq, _)| *seq).collect();
        assert_eq!(order, [3, 2, 1]);
        assert_eq!(fuse(&[vec![7], vec![7]], 9), [(7, 1.0)]);
        assert_eq!(fuse(&[vec![7], Vec::new()], 9), [(7, 0.5)]);
        assert!(fuse(&[Vec::new(), Vec::new()], 9).is_empty());
    }
}
