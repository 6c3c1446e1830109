//! A bucket held against a plain sorted list.

use super::{Bucket, RUN_MAX, packed, unpacked};
use crate::road::drawn::Dice;

#[test]
fn behaves_as_a_sorted_list() {
    for (seed, size) in [(1, 3), (2, RUN_MAX), (3, RUN_MAX * 9)] {
        let mut dice = Dice(seed);
        let mut list: Vec<u64> = (0..size as u32 / 2).map(|i| packed(i * 7 % 1000, i)).collect();
        list.sort_unstable();
        let mut bucket = Bucket::of(&list);
        for _ in 0..size * 8 {
            let entry = packed(dice.below(1000) as u32, dice.below(4000) as u32);
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
            assert!(bucket.runs().skip(1).all(|r| !r.is_empty() && r.len() <= RUN_MAX));
            assert_eq!(bucket.least_ms(), list.first().map(|&e| unpacked(e).0));
        }
        assert_eq!(bucket.runs().flatten().copied().collect::<Vec<_>>(), list, "seed {seed}");
        for entry in list {
            bucket.withdraw(entry);
        }
        assert_eq!((bucket.len(), bucket.least_ms()), (0, None));
    }
}
