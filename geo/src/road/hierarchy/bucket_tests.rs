//! A bucket held against a plain sorted list.

use super::{Bucket, FRESH_MAX, is_gone, packed, unpacked};
use crate::road::drawn::Dice;

#[test]
fn behaves_as_a_sorted_list() {
    for (seed, size) in [(1, 3), (2, FRESH_MAX), (3, FRESH_MAX * 36)] {
        let mut dice = Dice(seed);
        let mut list: Vec<u64> = (0..size as u32 / 2).map(|i| packed(i * 7 % 1000, i + 1)).collect();
        list.sort_unstable();
        let mut bucket = Bucket::of(&list);
        for _ in 0..size * 8 {
            let entry = packed(dice.below(1000) as u32, 1 + dice.below(4000) as u32);
            match list.binary_search(&entry) {
                Err(at) if list.len() < size => {
                    list.insert(at, entry);
                    bucket.insert(entry);
                }
                Ok(at) => {
                    list.remove(at);
                    bucket.withdraw(entry);
                }
                Err(at) => {
                    bucket.withdraw(entry);
                    let other = list.remove(at % size);
                    bucket.withdraw(other);
                }
            }
            assert_eq!(bucket.len(), list.len());
            let least_ms = list.first().map(|&e| unpacked(e).0);
            assert_eq!(bucket.least_ms().is_some(), least_ms.is_some());
            assert!(bucket.least_ms() <= least_ms);
            assert!(bucket.runs().iter().all(|run| run.is_sorted_by_key(|&e| unpacked(e).0)));
            let all: usize = bucket.runs().iter().map(|run| run.len()).sum();
            assert!(all <= list.len() + list.len() / 2 + FRESH_MAX, "{all} kept for {}", list.len());
        }
        let mut left: Vec<u64> = bucket.runs().concat().into_iter().filter(|&e| !is_gone(e)).collect();
        left.sort_unstable();
        assert_eq!(left, list, "seed {seed}");
        for entry in list {
            bucket.withdraw(entry);
        }
        assert_eq!((bucket.len(), bucket.least_ms()), (0, None));
    }
}
