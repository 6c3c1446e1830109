//! A bucket held against a plain sorted list.

use super::{Bucket, FRESH_MIN, SETTLED_PER_FRESH, packed, unpacked};
use crate::road::drawn::Dice;
use std::collections::HashSet;

#[test]
fn behaves_as_a_sorted_list() {
    for (seed, size) in [(1, 3), (2, FRESH_MIN), (3, FRESH_MIN * 36)] {
        let mut dice = Dice(seed);
        let mut list: Vec<u64> = (0..size as u32 / 2).map(|i| packed(i * 7 % 1000, i)).collect();
        list.sort_unstable();
        let mut bucket = Bucket::of(&list);
        let mut gone: HashSet<u64> = HashSet::new();
        for step in 0..size as u32 * 8 {
            if list.len() < size {
                let entry = packed(dice.below(1000) as u32, 10_000 + step);
                list.insert(list.partition_point(|&e| e < entry), entry);
                let swept = bucket.insert(entry, |e| !gone.contains(&e));
                assert!(!swept || bucket.runs().concat().iter().all(|e| !gone.contains(e)));
            } else {
                gone.insert(list.remove(dice.below(list.len())));
            }
            if dice.below(20) == 0 {
                bucket.sweep(|e| !gone.contains(&e));
                assert_eq!(bucket.least_ms(), list.first().map(|&e| unpacked(e).0));
            }
            let [settled, fresh] = bucket.runs();
            assert!(settled.is_sorted() && fresh.is_sorted());
            assert!(fresh.len() <= FRESH_MIN + size * 2 / SETTLED_PER_FRESH);
            let mut left: Vec<u64> = [settled, fresh].concat().into_iter().filter(|e| !gone.contains(e)).collect();
            left.sort_unstable();
            assert_eq!(left, list, "seed {seed}");
        }
        bucket.sweep(|_| false);
        assert!(bucket.runs().concat().is_empty());
    }
}
