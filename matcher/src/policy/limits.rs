//! Owns every limit and clock of matching, each with where it comes from. Changing one is a change of policy: a commit of its
//! own, with the source. Decides nothing.

/// A fix older than this is out of matching, milliseconds. Product row 9.
pub const FIX_AGE_MS_MAX: i64 = 60_000;

/// A fix older than this is no longer shown as "here", milliseconds. Product row 9.
pub const HOLLOW_AGE_MS: i64 = 15_000;

/// A fix from further ahead than this is of unknown age, milliseconds. Two server nodes kept by NTP differ by less.
pub const FIX_AHEAD_MS_MAX: i64 = 5_000;

/// A fix with a wider error circle cannot be matched, metres. Satellite and Wi-Fi fixes stay under 200 m in Korean practice and a
/// cell tower reaches 2 km (product row 9); 500 m is the error of the case in which help went to the wrong street.
pub const FIX_ACCURACY_M_MAX: f32 = 500.0;

/// Nobody is offered a meeting point further off than this, seconds. Ours: beyond it, in rush hour, a human should decide.
pub const PICKUP_ETA_S_MAX: i64 = 45 * 60;

/// A trip must end this long before the shift does, seconds. Ours: one bus or train missed.
pub const SHIFT_END_MARGIN_S: i64 = 10 * 60;

/// Most a staff member works in a day, seconds. The service's 10 h (product row 18).
pub const WORK_DAY_S_MAX: i64 = 10 * 3_600;

/// Nobody's duties follow one another for longer than this without a rest, seconds. Product row 18 asks for a rest gap; the lengths
/// are those of the Labour Standards Act, article 54 (1): at least half an hour in four hours of work, at least an hour in eight.
pub const DUTIES_S_MAX: i64 = 4 * 3_600;

/// So long without a duty is a rest, seconds. As long as that article's recess, and not by itself that recess: waiting under the
/// employer's direction counts as work (article 50 (3)), which waiting on shift may be, and nothing asks for the hour in eight. The
/// employer gives the recess, by ending the shift or parting it.
pub const REST_S: i64 = 30 * 60;

/// Known faces may come this much later than strangers at most, milliseconds. Product row 12: a bonus with a ceiling.
pub const KNOWN_FACE_MS_MAX: i64 = 120_000;

/// The bonus is also at most this part of the pickup ETA (one in so many), so that it can never turn far into near.
pub const KNOWN_FACE_ETA_PART: i64 = 3;

/// A straight-line ETA is believed to be at least this much too good, milliseconds.
pub const STRAIGHT_LINE_MS: i64 = 120_000;

/// A pickup ETA of so many milliseconds counts double, see [`super::felt_cost`]. Ours: ten minutes at a door is long.
pub const DOUBLING_MS: i64 = 600_000;

/// How long an offer stays open on a phone, seconds. Product row 3.
pub const OFFER_S: i64 = 20;

/// A phone that let an offer run out is not asked for the same trip again before this, seconds. Ours: the length of a tunnel; a
/// decline stays for good.
pub const SILENT_S: i64 = 60;

/// How long a member who accepted is kept while another slot is refilled, seconds. Product row 3.
pub const REFILL_KEEP_S: i64 = 20;

/// A trip nobody has accepted by then is a human's, seconds. Product rows 1 and 6.
pub const ESCALATE_AFTER_S: i64 = 60;

/// A trip without a crew is tried again after this, seconds. Research: re-optimise every 1 to 5 s.
pub const RETRY_S: i64 = 2;

/// Trips of a commute are made this long ahead, hours. Product row 7 confirms at T-24 h, so a day more.
pub const SERIES_AHEAD_H: i64 = 48;

/// A crew for a booked time leaves this early, seconds. Ours: lifts, crossings and finding the door.
pub const LEAVE_MARGIN_S: i64 = 5 * 60;

/// A member may set out this long before they have to, seconds. Ours: earlier, two people would be kept from other riders.
pub const SET_OUT_EARLY_S: i64 = 15 * 60;

/// Time to find and ask a crew before it has to leave, seconds: one offer, one refill, one more offer and an escalation.
pub const ASK_S: i64 = OFFER_S + REFILL_KEEP_S + OFFER_S + ESCALATE_AFTER_S;

/// A booked trip that no eligible crew is known for goes live this long before its time, seconds, so that a human has half an hour.
pub const LIVE_WITHOUT_CREW_S: i64 = 30 * 60;

/// Nobody looks for the crew of a booked trip earlier than this before its time, seconds.
pub const LOOK_AHEAD_S: i64 = 60 * 60;

/// Within that time the crew's ETA is looked at again this often, seconds.
pub const LOOK_AGAIN_S: i64 = 60;

/// Whoever is surely within this of the meeting point or the drop-off is there, metres. Ours: a station exit's forecourt, and the
/// error of a phone between high houses.
pub const THERE_M: f64 = 80.0;

/// An avoid zone is warned of from this far outside, metres. Ours: so that a phone with the usual error warns at the edge itself
/// and not some way inside.
pub const ZONE_MARGIN_M: f64 = 30.0;

/// Two of a crew are apart if surely more than this lies between them on an escort, metres. Product row 13; ours: two sides of a
/// big crossing are not apart, two blocks are.
pub const PAIR_APART_M: f64 = 150.0;

/// Only fixes of two that were taken this close together say how far apart they are, milliseconds.
pub const PAIR_FIXES_MS_MAX: i64 = 15_000;

/// So fast one of two may have gone on between their fixes, metres a second. Ours: a car in a street.
pub const PAIR_SPEED_MPS: f64 = 15.0;

/// A trip that has not changed for so long is watched no more, seconds. Ours: longer than any shift; somebody forgot to end it.
pub const WATCHED_S_MAX: i64 = 12 * 3_600;

/// Somebody with a rider is asked for a next trip only if they should be free within this, seconds. Ours: of ten minutes of walking
/// with somebody the rest is known to a minute or two, of half an hour it is not.
pub const NEXT_WITHIN_S: i64 = 10 * 60;

/// From the drop-off to setting out for the next rider, seconds. Ours: the door has shut, and one tap.
pub const HAND_OVER_S: i64 = 30;

/// Nine partings of ten take no longer, seconds. Ours: the last words, a lift, a second look at the street.
pub const HAND_OVER_P90_S: i64 = 2 * 60;

/// Who would come from another trip counts as this much later, milliseconds: of two who would come at about the same time it is
/// the one who is free already. Ours: together with the parting less than a minute, so that no rider waits longer for it.
pub const COMES_AFTER_MS: i64 = 20_000;

/// When the crew of a next duty would come so much later than was said, it is decided about anew, seconds: they say a later time, or
/// others go. Ours: what is felt as late, and time enough to find others.
pub const NEXT_LATE_S: i64 = 5 * 60;

// The longest allowed way to the meeting point fits into the look-ahead.
const _: () = assert!(LOOK_AHEAD_S >= PICKUP_ETA_S_MAX + LEAVE_MARGIN_S + ASK_S);
// Whoever was asked in time may set out at once.
const _: () = assert!(SET_OUT_EARLY_S >= ASK_S);
// A human is not called before the first offer has run out.
const _: () = assert!(ESCALATE_AFTER_S >= OFFER_S + REFILL_KEEP_S);
// A position is hollow before it is out of matching.
const _: () = assert!(HOLLOW_AGE_MS < FIX_AGE_MS_MAX);
