//! Owns the generated city's chance: hashes of (seed, place), never a running generator, so that the order of the work
//! does not matter. Only + - * / and square roots are used on floats: equal seeds give equal bits on every machine.

/// One step of `SplitMix64`'s output function.
const fn scramble(mut z: u64) -> u64 {
    z = z.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// A source of chance for one purpose.
#[derive(Clone, Copy)]
pub(super) struct Chance(u64);

impl Chance {
    /// For this seed and purpose.
    pub(super) const fn new(seed: u64, purpose: u64) -> Self {
        Self(scramble(scramble(seed) ^ purpose.wrapping_mul(0xA24B_AED4_963E_E407)))
    }

    /// 64 bits for the pair.
    pub(super) const fn bits(self, a: i64, b: i64) -> u64 {
        scramble(scramble(self.0 ^ a as u64).wrapping_add((b as u64).wrapping_mul(0x9FB2_1C65_1E98_DF25)))
    }

    /// In 0..1.
    pub(super) fn unit(self, a: i64, b: i64) -> f64 {
        (self.bits(a, b) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// In -1..1.
    pub(super) fn signed(self, a: i64, b: i64) -> f64 {
        2.0 * self.unit(a, b) - 1.0
    }

    /// In 0..n; `n` at least 1.
    pub(super) const fn below(self, a: i64, b: i64, n: u64) -> u64 {
        self.bits(a, b) % n
    }

    /// A smooth field in -1..1 whose hills are `wave` metres apart.
    pub(super) fn field(self, x: f64, y: f64, wave: f64) -> f64 {
        let (gx, gy) = (x / wave, y / wave);
        let (ix, iy) = (gx.floor(), gy.floor());
        let (fx, fy) = (smooth(gx - ix), smooth(gy - iy));
        let (i, j) = (ix as i64, iy as i64);
        let low = mix(self.signed(i, j), self.signed(i + 1, j), fx);
        let high = mix(self.signed(i, j + 1), self.signed(i + 1, j + 1), fx);
        mix(low, high, fy)
    }
}

/// Linear mix.
pub(super) fn mix(a: f64, b: f64, t: f64) -> f64 {
    a + (b - a) * t
}

/// 0..1 to 0..1 with flat ends; clamps.
pub(super) fn smooth(t: f64) -> f64 {
    let t = t.clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}
