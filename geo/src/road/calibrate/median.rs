//! Owns the arithmetic of medians: quantiles, and factors that as many trips exceed as not. Does not know what is fitted.

/// One trip: `measured` is nearly the sum of the shares times the factors.
pub(super) struct Row<const N: usize> {
    pub(super) shares: [f64; N],
    pub(super) measured: f64,
}

impl<const N: usize> Row<N> {
    pub(super) fn times(&self, factors: &[f64; N]) -> f64 {
        self.shares.iter().zip(factors).map(|(share, factor)| share * factor).sum()
    }
}

/// Steps of re-weighting; it settles within some tens.
const ROUNDS: usize = 60;

/// Settled when no factor moves by more.
const SETTLED: f64 = 1e-7;

/// No trip counts more than ten of the middling ones, however exactly it is met.
const NEAR: f64 = 0.1;

/// Errors are not told apart below this: trips without any noise do not divide by zero.
const ERROR_MIN: f64 = 1e-6;

/// The factors with the least sum of absolute errors, drawn to `prior` as by so many middling trips with that share alone: least
/// squares over and over, each trip weighing one over its last error. A squared error would let one stuck van speak for ten.
pub(super) fn factors<const N: usize>(rows: &[Row<N>], prior: [f64; N], leans: [f64; N]) -> [f64; N] {
    let mut factors = prior;
    for _ in 0..ROUNDS {
        let errors: Vec<f64> = rows.iter().map(|row| (row.measured - row.times(&factors)).abs()).collect();
        let Some(middling) = weighted_median(errors.iter().map(|&e| (e, 1.0)).collect()) else { return prior };
        let middling = middling.max(ERROR_MIN);
        let mut sums = [[0.0; N]; N];
        let mut right: [f64; N] = std::array::from_fn(|a| prior[a] * leans[a]);
        for (class, row) in sums.iter_mut().enumerate() {
            row[class] = leans[class];
        }
        for (row, error) in rows.iter().zip(errors) {
            let weight = 1.0 / (error / middling).max(NEAR);
            for (a, share) in row.shares.iter().enumerate() {
                right[a] += weight * share * row.measured;
                for (sum, other) in sums[a].iter_mut().zip(row.shares) {
                    *sum += weight * share * other;
                }
            }
        }
        let next = solve(sums, right);
        let moved = next.iter().zip(factors).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        factors = next;
        if moved < SETTLED {
            break;
        }
    }
    factors
}

/// Of a symmetric, positive matrix: elimination needs no pivots.
fn solve<const N: usize>(mut sums: [[f64; N]; N], mut right: [f64; N]) -> [f64; N] {
    for a in 0..N {
        let row = sums[a];
        for b in a + 1..N {
            let share = sums[b][a] / row[a];
            for (to, from) in sums[b].iter_mut().zip(row) {
                *to -= share * from;
            }
            right[b] -= share * right[a];
        }
    }
    let mut solved = [0.0; N];
    for a in (0..N).rev() {
        let known: f64 = (a + 1..N).map(|b| sums[a][b] * solved[b]).sum();
        solved[a] = (right[a] - known) / sums[a][a];
    }
    solved
}

/// The value with half of the weight below it; `None` of nothing.
pub(super) fn weighted_median(mut weighed: Vec<(f64, f64)>) -> Option<f64> {
    weighed.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let whole: f64 = weighed.iter().map(|w| w.1).sum();
    let mut below = 0.0;
    let reached = weighed.iter().find(|w| {
        below += w.1;
        below >= whole / 2.0
    });
    reached.map(|w| w.0)
}

/// Of values in ascending order, between the two nearest; `None` of nothing.
pub(super) fn quantile(ascending: &[f64], share: f64) -> Option<f64> {
    let at = share * ascending.len().checked_sub(1)? as f64;
    let (low, high) = (ascending[at.floor() as usize], ascending[at.ceil() as usize]);
    Some(low + (high - low) * at.fract())
}
