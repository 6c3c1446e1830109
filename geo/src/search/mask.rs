//! Owns the test of an entry's bits while scanning. What a bit means is compiled by the caller's policy; here they are opaque.

/// Which bits an entry must have and must not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mask {
    /// The bits that are looked at.
    care: u32,
    /// What they must be.
    want: u32,
}

impl Mask {
    /// Lets everybody through.
    pub const ANY: Self = Self { care: 0, want: 0 };

    /// All `required` bits and none of the `forbidden` ones. A bit that is both lets nobody through.
    pub const fn new(required: u32, forbidden: u32) -> Self {
        // Wanting a bit that is not looked at can never be met.
        Self { care: required ^ forbidden, want: required }
    }

    /// Whether these bits pass.
    pub const fn passes(self, bits: u32) -> bool {
        bits & self.care == self.want
    }
}

#[cfg(test)]
mod tests {
    use super::Mask;

    #[test]
    fn required_and_forbidden_bits_are_told_apart() {
        let cases = [
            (Mask::ANY, 0, true),
            (Mask::ANY, u32::MAX, true),
            (Mask::new(0b01, 0), 0b01, true),
            (Mask::new(0b01, 0), 0b10, false),
            (Mask::new(0b01, 0b10), 0b101, true),
            (Mask::new(0b01, 0b10), 0b011, false),
            (Mask::new(0, 0b10), 0b10, false),
            (Mask::new(0b10, 0b10), 0b10, false),
            (Mask::new(0b10, 0b10), 0b00, false),
        ];
        for (mask, bits, passes) in cases {
            assert_eq!(mask.passes(bits), passes, "{mask:?} {bits:b}");
        }
    }
}
