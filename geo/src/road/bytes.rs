//! Owns the little-endian arrays that a graph file is made of. No length is believed before the bytes for it are there, so a
//! damaged length costs an error and no memory.

use crate::position::Position;

/// The bytes end too early, or are not what was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// Appends values.
#[derive(Debug, Default)]
pub(super) struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    pub(super) fn u32(&mut self, value: u32) {
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    pub(super) fn u64(&mut self, value: u64) {
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    pub(super) fn u8s(&mut self, values: &[u8]) {
        self.u32(values.len() as u32);
        self.bytes.extend_from_slice(values);
    }

    pub(super) fn text(&mut self, text: &str) {
        self.u8s(text.as_bytes());
    }

    pub(super) fn u32s(&mut self, values: impl Iterator<Item = u32>) {
        let at = self.bytes.len();
        self.u32(0);
        let mut count = 0u32;
        for value in values {
            self.u32(value);
            count += 1;
        }
        self.bytes[at..at + 4].copy_from_slice(&count.to_le_bytes());
    }

    pub(super) fn positions(&mut self, values: &[Position]) {
        self.u32(values.len() as u32);
        for p in values {
            self.u32(p.lat_e7() as u32);
            self.u32(p.lon_e7() as u32);
        }
    }
}

/// Takes values in the order they were written.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(Malformed)?;
        self.rest = rest;
        Ok(taken)
    }

    pub(super) fn u32(&mut self) -> Result<u32, Malformed> {
        let b = self.take(4)?;
        Ok(u32::from_le_bytes([b[0], b[1], b[2], b[3]]))
    }

    pub(super) fn u64(&mut self) -> Result<u64, Malformed> {
        Ok(u64::from(self.u32()?) | u64::from(self.u32()?) << 32)
    }

    /// A count of items that take `item_bytes_min` bytes each at least.
    pub(super) fn count(&mut self, item_bytes_min: usize) -> Result<usize, Malformed> {
        let count = self.u32()? as usize;
        if count > self.rest.len() / item_bytes_min { Err(Malformed) } else { Ok(count) }
    }

    pub(super) fn u8s(&mut self) -> Result<&'a [u8], Malformed> {
        let count = self.count(1)?;
        self.take(count)
    }

    pub(super) fn text(&mut self) -> Result<String, Malformed> {
        let bytes = self.u8s()?;
        std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| Malformed)
    }

    pub(super) fn u32s(&mut self) -> Result<Vec<u32>, Malformed> {
        let count = self.count(4)?;
        Ok(self.take(count * 4)?.chunks_exact(4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect())
    }

    pub(super) fn positions(&mut self) -> Result<Vec<Position>, Malformed> {
        let count = self.count(8)?;
        let pairs = self.take(count * 8)?.chunks_exact(8);
        pairs
            .map(|b| {
                let lat = i32::from_le_bytes([b[0], b[1], b[2], b[3]]);
                let lon = i32::from_le_bytes([b[4], b[5], b[6], b[7]]);
                Position::from_e7(lat, lon).map_err(|_| Malformed)
            })
            .collect()
    }
}
