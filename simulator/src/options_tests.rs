//! The command line that outsiders' scripts rely on, and what it refuses.

use crate::options::{Cli, Command, LoadOptions};
use crate::seed::{Stream, dice};
use crate::temper::{Delay, Reply, Temper};
use clap::{CommandFactory as _, Parser as _};
use std::time::Duration;

fn load(args: &str) -> LoadOptions {
    let line = ["simulator", "load"].into_iter().chain(args.split_whitespace());
    match Cli::try_parse_from(line).unwrap().command {
        Command::Load(options) => *options,
        Command::Demo(_) => unreachable!("load was asked"),
    }
}

#[test]
fn command_line_is_the_promised_one() {
    Cli::command().debug_assert();
    let options = load(
        "--target http://127.0.0.1:9 --phones 50 --bookings-per-second 0.5 --duration 20 --seed 7 --report out.json \
         --warmup 5 --drain 10 --map seoul.graph --delay 2-3 --trip-minutes 2",
    );
    assert_eq!(options.check(), Ok(()));
    assert_eq!((options.phones, options.seed, options.duration), (50, 7, 20));
    assert_eq!(options.leg_max(), Some(Duration::from_mins(2)));
    assert_eq!(options.fix_every(), Some(Duration::from_secs(4)));
}

#[test]
fn phones_that_only_hold_their_sockets_send_no_fix() {
    let options = load("--fix-every 0");
    assert_eq!((options.check(), options.fix_every()), (Ok(()), None));
}

#[test]
fn every_option_is_an_environment_variable() {
    for command in Cli::command().get_subcommands() {
        for option in command.get_arguments().filter(|a| !["help", "version"].contains(&a.get_id().as_str())) {
            let expected = format!("DONGHAENG_SIM_{}", option.get_id().as_str().to_uppercase());
            assert_eq!(option.get_env().and_then(|e| e.to_str()), Some(expected.as_str()));
        }
    }
}

#[test]
fn numbers_out_of_range_are_refused_by_name() {
    let cases = [
        ("--phones 1", "--phones"),
        ("--phones 30000", "--phones"),
        ("--bookings-per-second -1", "--bookings-per-second"),
        ("--bookings-per-second NaN", "--bookings-per-second"),
        ("--duration 0", "--duration"),
        ("--warmup 4000", "--warmup"),
        ("--by-bicycle 1.1", "--by-bicycle"),
        ("--by-bicycle NaN", "--by-bicycle"),
        ("--disconnects 100", "--disconnects"),
        ("--supervisors 0", "--supervisors"),
        ("--supervisors 101 --bookings-per-second 0", "--supervisors"),
        ("--trip-minutes 0", "--trip-minutes"),
        ("--fix-every 0.2", "--fix-every"),
        ("--fix-every NaN", "--fix-every"),
        ("--accept 0 --decline 0 --silence 0", "--accept"),
        ("--accept -1", "--accept"),
    ];
    for (args, name) in cases {
        let args = args.replace(" -1", "=-1");
        assert!(load(&args).check().unwrap_err().starts_with(name), "{args}");
    }
}

#[test]
fn delay_is_a_number_or_a_range() {
    let mut rng = dice(31, Stream::Phone, 0);
    for text in ["3", "1-6", "0", "0.5-0.5"] {
        text.parse::<Delay>().unwrap();
    }
    for text in ["", "a", "6-1", "-1", "1-2-3", "601", "NaN"] {
        assert!(text.parse::<Delay>().is_err(), "{text}");
    }
    let drawn = (0..500).map(|_| "1-6".parse::<Delay>().unwrap().draw(&mut rng).as_secs_f64());
    assert!(drawn.into_iter().all(|s| (1.0..6.0).contains(&s)));
}

#[test]
fn answers_come_in_the_asked_proportion() {
    let mut rng = dice(32, Stream::Phone, 0);
    let temper = Temper::new(8.0, 1.5, 0.5, Delay::NONE).unwrap();
    let replies: Vec<Reply> = (0..10_000).map(|_| temper.reply(&mut rng)).collect();
    let share = |is: fn(&Reply) -> bool| replies.iter().filter(|r| is(r)).count() as f64 / 10_000.0;
    for (got, expected) in [
        (share(|r| matches!(r, Reply::Accept(_))), 0.80),
        (share(|r| matches!(r, Reply::Decline(_))), 0.15),
        (share(|r| matches!(r, Reply::Silence)), 0.05),
    ] {
        assert!((got - expected).abs() < 0.02, "{got} instead of {expected}");
    }
    assert!((0..1000).all(|_| Temper::PROMPT.reply(&mut rng) == Reply::Accept(Duration::ZERO)));
}

#[test]
fn riders_are_enough_for_the_run_but_not_for_crews_that_do_not_exist() {
    assert!(load("--phones 2000 --bookings-per-second 10 --duration 60 --warmup 10").rider_count() >= 625);
    assert_eq!(load("--phones 100 --bookings-per-second 10 --duration 600").rider_count(), 100);
    assert_eq!(load("--riders 9").rider_count(), 9);
}
