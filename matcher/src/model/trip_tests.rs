//! How long a trip is said to be, by what is known of who comes.

use super::{CrewSize, TripLength};

#[test]
fn one_car_takes_all_and_while_somebody_is_missing_the_longer_counts() {
    let (car_is_sooner, car_is_later) =
        (TripLength { by_car_s: 600, without_s: 1_800 }, TripLength { by_car_s: 900, without_s: 700 });
    let pair = |length: TripLength, cars: &[bool]| length.of_known(CrewSize::PAIR, cars.iter().copied());
    for (known, sooner_s, later_s) in [
        (&[][..], 1_800, 900),
        (&[false], 1_800, 900),
        (&[true], 600, 900),
        (&[true, false], 600, 900),
        (&[false, true], 600, 900),
        (&[false, false], 1_800, 700),
    ] {
        assert_eq!((pair(car_is_sooner, known), pair(car_is_later, known)), (sooner_s, later_s), "{known:?}");
    }
}
