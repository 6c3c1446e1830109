//! Owns the row in which a comparison is told: how many staff stood, queries, answers, wrong ones. `scripts/exactness.sh` makes
//! the table of these rows and asks for them by name.

/// What was compared on one network, or several of a kind, with one number of staff.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) staff: usize,
    pub(super) queries: usize,
    /// Ways that go by train.
    pub(super) rides: usize,
    pub(super) wrong: Vec<String>,
    answers: usize,
    /// The fewest and the most who stood on the road at a query.
    stood: Option<[usize; 2]>,
}

impl Tally {
    pub(super) fn of(staff: usize) -> Self {
        Self { staff, ..Self::default() }
    }

    /// A query, asked while so many stood on the road.
    pub(super) fn asked(&mut self, standing: usize) {
        self.queries += 1;
        let [least, most] = self.stood.unwrap_or([standing; 2]);
        self.stood = Some([least.min(standing), most.max(standing)]);
    }

    pub(super) fn expect<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, got: &T, expected: &T) {
        self.answers += 1;
        if got != expected {
            self.wrong.push(format!("{what}: {got:?} instead of {expected:?}"));
        }
    }

    /// With what somebody else compared of the same.
    pub(super) fn add(&mut self, other: Self) {
        self.queries += other.queries;
        self.rides += other.rides;
        self.answers += other.answers;
        self.wrong.extend(other.wrong);
        for standing in other.stood.into_iter().flatten() {
            let [least, most] = self.stood.unwrap_or([standing; 2]);
            self.stood = Some([least.min(standing), most.max(standing)]);
        }
    }

    /// Fails where anything was wrong, where nothing was compared, and where fewer stood than the row would make one believe.
    pub(super) fn print(&self, network: &str) {
        let [least, most] = self.stood.expect("something was asked");
        println!(
            "{network:<34}{:>6} staff, {least:>4}..{most:<4} stood{:>8} queries{:>10} answers{:>6} wrong",
            self.staff,
            self.queries,
            self.answers,
            self.wrong.len()
        );
        assert!(self.wrong.is_empty(), "{network}: {}", self.wrong[0]);
        assert!(self.answers >= self.queries, "{network}: {} answers were compared", self.answers);
        // A crowd of 20 is a seventh short when three are off the road at once.
        assert!(least * 100 >= self.staff * 85 && most <= self.staff, "{network}: {least}..{most} stood");
    }
}
