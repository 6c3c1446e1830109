//! The log held against an ordered map of moves, and its bound.

use super::{Moves, ROWS_A_MOVER, ROWS_MIN};
use crate::live::contract::Dice;
use std::collections::BTreeMap;

#[test]
fn the_log_agrees_with_an_ordered_map() {
    for (seed, movers) in [(1, 1), (2, 10), (3, 100), (4, 3_000)] {
        let mut dice = Dice(seed);
        let (mut log, mut model, mut last) = (Moves::default(), BTreeMap::new(), BTreeMap::new());
        for step in 0..30_000u64 {
            // Some move often, some hardly ever.
            let mover = (dice.roll(movers) * dice.roll(movers) / movers) as u32;
            let before = last.get(&mover).copied();
            if let Some(before) = before {
                model.remove(&before);
            }
            if dice.roll(10) == 0 {
                if let Some(number) = before {
                    log.forget(number);
                }
                last.remove(&mover);
            } else {
                let number = log.push(mover, before, last.len());
                assert!(number > model.keys().next_back().copied().unwrap_or(0));
                model.insert(number, mover);
                last.insert(mover, number);
            }
            let cursor = if step % 2 == 0 { dice.roll(step + 10) } else { step.saturating_sub(dice.roll(20)) };
            if step % 97 == 0 || movers < 20 {
                let got: Vec<(u64, u32)> = log.since(cursor).take(50).collect();
                let expected: Vec<(u64, u32)> = model.range(cursor + 1..).take(50).map(|(&n, &m)| (n, m)).collect();
                assert_eq!(got, expected, "seed {seed}, step {step}");
            }
            assert!(log.rows() <= ROWS_MIN.max(ROWS_A_MOVER * (movers as usize + 1)) + movers as usize);
        }
        assert_eq!(log.since(0).count(), last.len());
        assert_eq!(log.since(u64::MAX).count(), 0);
    }
}
