//! Owns the entries: a list for each hexagon that holds somebody, the way from a spot to its list, and from a number to its
//! entry. A move within a hexagon changes one entry; a move out of it takes one from the end of the old list into the gap. How the
//! entries of one list are kept is `entries`'s.
//!
//! Invariant: an entry lies in the list of its position's spot, its place says where, and no list is empty. Memory is bounded
//! by the greatest number, the entries, and the hexagons that hold somebody.

use super::Entry;
use super::entries::Entries;
use super::lattice::{FACES, Spot};
use super::mask::Mask;
use crate::cell::{Cell, Grid};
use crate::position::{EARTH_RADIUS_M, Position};
use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};

/// Positions with bits by a number of the caller's, searched by distance. Numbers should be dense: memory is taken for each up
/// to the greatest.
#[derive(Clone, Default)]
pub struct CellIndex {
    places: Vec<Place>,
    lists: Vec<List>,
    /// Lists that hold nobody, to be used again.
    free: Vec<u32>,
    blocks: HashMap<u32, Box<Block>, BuildHasherDefault<BlockHasher>>,
    /// Lists that hold somebody, on each face.
    on_face: [u32; FACES],
    len: usize,
}

/// Where a number's entry is.
#[derive(Clone, Copy)]
struct Place {
    list: u32,
    at: u32,
}

const NOWHERE: u32 = u32::MAX;

/// What is in one hexagon, or in the part of it that lies on one face. Small: where few people are, there is one for every other
/// person.
#[derive(Clone)]
pub(super) struct List {
    pub(super) entries: Entries,
    /// Of the hexagon; means nothing where `surely` is 0.
    middle: Position,
    spot: PackedSpot,
    /// A position nearer to the middle than this is surely in the hexagon, 10⁻⁷ degree of latitude, rounded down; 0 where the
    /// hexagon does not lie on its face with all that is near it: then none is sure.
    surely: u16,
    /// Square of the cosine of the middle's latitude, parts of [`COSINE_PARTS`], rounded up.
    squared_cosine: u16,
}

const _: () = assert!(size_of::<List>() == 40);

const COSINE_PARTS: f32 = 65_535.0;

/// A spot in four bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
struct PackedSpot(u32);

impl PackedSpot {
    /// Values of one axis: a face reaches some 5,600 hexagons along it.
    const WIDE: u32 = 14_654;

    fn of(spot: Spot) -> Self {
        let [a, b] = [spot.a, spot.b].map(|axis| (i32::from(axis) + Spot::BIAS) as u32);
        Self((u32::from(spot.face) * Self::WIDE + a) * Self::WIDE + b)
    }

    fn spot(self) -> Spot {
        let [a, b] =
            [self.0 / Self::WIDE % Self::WIDE, self.0 % Self::WIDE].map(|axis| (axis as i32 - Spot::BIAS) as i16);
        Spot { face: (self.0 / Self::WIDE / Self::WIDE) as u8, a, b }
    }
}

const _: () = assert!(FACES as u64 * (PackedSpot::WIDE as u64).pow(2) <= u32::MAX as u64);

/// Numbers of lists, one more than that, in a square of the lattice; 0 where nobody is.
#[derive(Clone)]
struct Block {
    lists: [u32; (SIDE * SIDE) as usize],
    used: u32,
}

/// Hexagons on a block's side.
const SIDE: u32 = 8;

/// 10⁻⁷ degree of latitude, radians.
const UNIT: f64 = std::f64::consts::PI / 180.0 / 1e7;

/// Who is where stays hidden.
impl fmt::Debug for CellIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CellIndex({} hidden)", self.len)
    }
}

impl CellIndex {
    /// An empty index.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Where somebody is and their bits.
    pub fn get(&self, who: u32) -> Option<(Position, u32)> {
        let entry = self.entry(who)?;
        Some((entry.position, entry.bits))
    }

    fn entry(&self, who: u32) -> Option<&Entry> {
        let place = self.places.get(who as usize)?;
        self.lists.get(place.list as usize)?.entries.get(place.at as usize)
    }

    /// Puts somebody there, or moves them.
    ///
    /// # Panics
    /// If `who` is `u32::MAX`.
    pub fn upsert(&mut self, who: u32, position: Position, bits: u32) {
        let entry = Entry { position, bits, who };
        if let Some(&Place { list, at }) = self.places.get(who as usize)
            && let Some(known) = self.lists.get_mut(list as usize)
        {
            if known.surely_holds(position) || known.spot == PackedSpot::of(Spot::at(position)) {
                known.entries[at as usize] = entry;
                return;
            }
            self.take_out(list, at);
            self.len -= 1;
        }
        self.put_in(Spot::at(position), entry);
    }

    /// Changes somebody's bits; false if they are not there.
    pub fn set_bits(&mut self, who: u32, bits: u32) -> bool {
        let Some(&Place { list, at }) = self.places.get(who as usize) else { return false };
        let Some(list) = self.lists.get_mut(list as usize) else { return false };
        list.entries[at as usize].bits = bits;
        true
    }

    /// Takes somebody out; false if they were not there.
    pub fn remove(&mut self, who: u32) -> bool {
        let Some(place) = self.places.get_mut(who as usize) else { return false };
        let Place { list, at } = std::mem::replace(place, Place { list: NOWHERE, at: 0 });
        if list == NOWHERE {
            return false;
        }
        self.take_out(list, at);
        self.len -= 1;
        true
    }

    fn put_in(&mut self, spot: Spot, entry: Entry) {
        let who = entry.who as usize;
        assert!(entry.who != NOWHERE, "the greatest number means nobody");
        if who >= self.places.len() {
            self.places.resize(who + 1, Place { list: NOWHERE, at: 0 });
        }
        let number = self.list_at(spot);
        let entries = &mut self.lists[number as usize].entries;
        self.places[who] = Place { list: number, at: entries.len() as u32 };
        entries.push(entry);
        self.len += 1;
    }

    /// Swap-remove, telling the entry that took the free place where it is now.
    fn take_out(&mut self, number: u32, at: u32) {
        let list = &mut self.lists[number as usize];
        list.entries.swap_remove(at as usize);
        if let Some(moved) = list.entries.get(at as usize) {
            self.places[moved.who as usize] = Place { list: number, at };
        } else if list.entries.is_empty() {
            let spot = list.spot.spot();
            self.free.push(number);
            self.on_face[usize::from(spot.face)] -= 1;
            self.forget_block(spot);
        }
    }

    /// The list of a spot, made if there is none.
    fn list_at(&mut self, spot: Spot) -> u32 {
        let (key, within) =
            block_of(i32::from(spot.a), i32::from(spot.b), spot.face).expect("a position is on its face");
        let block = self.blocks.entry(key).or_insert_with(|| Box::new(Block { lists: [0; 64], used: 0 }));
        if let Some(number) = block.lists[within].checked_sub(1) {
            return number;
        }
        let list = List::at(spot);
        let number = if let Some(number) = self.free.pop() {
            self.lists[number as usize] = list;
            number
        } else {
            if self.lists.len() == self.lists.capacity() {
                // By an eighth: at a thousand people the lists are half of all memory, and new hexagons are rare.
                self.lists.reserve_exact(self.lists.len() / 8 + 4);
            }
            self.lists.push(list);
            self.lists.len() as u32 - 1
        };
        block.lists[within] = number + 1;
        block.used += 1;
        self.on_face[usize::from(spot.face)] += 1;
        number
    }

    fn forget_block(&mut self, spot: Spot) {
        let Some((key, within)) = block_of(i32::from(spot.a), i32::from(spot.b), spot.face) else { return };
        let Some(block) = self.blocks.get_mut(&key) else { return };
        block.lists[within] = 0;
        block.used -= 1;
        if block.used == 0 {
            self.blocks.remove(&key);
        }
    }

    /// The lists that hold somebody, in no order.
    pub(super) fn lists(&self) -> impl Iterator<Item = &List> + '_ {
        self.lists.iter().filter(|list| !list.entries.is_empty())
    }

    /// How many of them there are.
    pub(super) fn list_count(&self) -> usize {
        self.lists.len() - self.free.len()
    }

    /// How many of them there are on a face.
    pub(super) fn list_count_on(&self, face: u8) -> u32 {
        self.on_face[usize::from(face)]
    }

    /// For looking up the lists of spots near one another on a face.
    pub(super) fn reader(&self, face: u8) -> Reader<'_> {
        Reader { index: self, face, key: u32::MAX, block: None }
    }

    /// Everybody whom the mask lets through, in no order.
    pub fn iter(&self, mask: Mask) -> impl Iterator<Item = (u32, Position, u32)> + '_ {
        let entries = self.lists.iter().flat_map(|list| list.entries.iter());
        entries.filter(move |e| mask.passes(e.bits)).map(|e| (e.who, e.position, e.bits))
    }

    /// Bytes on the heap, without what the allocator adds.
    pub fn heap_bytes(&self) -> usize {
        let entries: usize = self.lists.iter().map(|list| list.entries.heap_bytes()).sum();
        // A table has 8/7 of its capacity in slots, and a byte beside each.
        let slots = self.blocks.capacity() * 8 / 7;
        let blocks = slots * (size_of::<(u32, Box<Block>)>() + 1) + self.blocks.len() * size_of::<Block>();
        let places = self.places.capacity() * size_of::<Place>();
        let lists = self.lists.capacity() * size_of::<List>() + self.free.capacity() * size_of::<u32>();
        entries + blocks + places + lists
    }
}

impl List {
    fn at(spot: Spot) -> Self {
        let list = Self {
            entries: Entries::default(),
            middle: Position::from_e7(0, 0).expect("zero is in range"),
            spot: PackedSpot::of(spot),
            surely: 0,
            squared_cosine: u16::MAX,
        };
        let Some(inside) = spot.inside() else { return list };
        // The middle's latitude stands for that of the whole hexagon: within 600 m and ±60° its cosine is off by less than
        // 2·10⁻⁴. With the 5·10⁻⁴ of the square itself (`rank`) that is less than this.
        let square = (inside.within_m / EARTH_RADIUS_M).powi(2) * 0.999;
        let cosine = inside.middle.lat().to_radians().cos();
        Self {
            middle: inside.middle,
            surely: (square.sqrt() / UNIT) as u16,
            squared_cosine: (cosine * cosine * f64::from(COSINE_PARTS)).ceil() as u16,
            ..list
        }
    }

    /// Where the hexagon lies on the face with all that is near it.
    pub(super) fn middle(&self) -> Option<Position> {
        (self.surely > 0).then_some(self.middle)
    }

    /// The same: the cell that it is all of. Worked out anew, for a map that is looked at now and then: kept, it would be a tenth of
    /// what a thousand people take.
    pub(super) fn cell(&self) -> Option<Cell> {
        self.middle().map(|middle| Cell::of(middle, Grid::Index))
    }

    /// Whether the position is in the hexagon for sure: cheaper than asking which it is in.
    fn surely_holds(&self, position: Position) -> bool {
        let north = f64::from(position.lat_e7() - self.middle.lat_e7()) as f32;
        let east = (f64::from(position.lon_e7()) - f64::from(self.middle.lon_e7())) as f32;
        let (surely, squared_cosine) = (f32::from(self.surely), f32::from(self.squared_cosine) * (1.0 / COSINE_PARTS));
        north * north + squared_cosine * (east * east) < surely * surely
    }
}

/// Remembers the block of the last look-up.
pub(super) struct Reader<'a> {
    index: &'a CellIndex,
    face: u8,
    key: u32,
    block: Option<&'a Block>,
}

impl<'a> Reader<'a> {
    pub(super) fn list(&mut self, a: i32, b: i32) -> Option<&'a List> {
        let (key, within) = block_of(a, b, self.face)?;
        if key != self.key {
            self.key = key;
            self.block = self.index.blocks.get(&key).map(Box::as_ref);
        }
        let number = self.block?.lists[within].checked_sub(1)?;
        Some(&self.index.lists[number as usize])
    }
}

/// The block of a spot and the spot's place in it; `None` off the face.
fn block_of(a: i32, b: i32, face: u8) -> Option<(u32, usize)> {
    let (a, b) = ((a + Spot::BIAS) as u32, (b + Spot::BIAS) as u32);
    // What is negative is greater still.
    if (a | b) >= SPOTS_WIDE {
        return None;
    }
    let key = (u32::from(face) * (SPOTS_WIDE / SIDE) + a / SIDE) * (SPOTS_WIDE / SIDE) + b / SIDE;
    Some((key, (a % SIDE * SIDE + b % SIDE) as usize))
}

/// Coordinates of one axis; a power of two.
const SPOTS_WIDE: u32 = 2 * Spot::BIAS as u32;

/// Spreads a block's number over the table; blocks are not chosen by an adversary to collide.
#[derive(Clone, Copy, Debug, Default)]
struct BlockHasher(u64);

impl Hasher for BlockHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &b in bytes {
            self.write_u32(u32::from(b));
        }
    }

    fn write_u32(&mut self, number: u32) {
        let mixed = (self.0 ^ u64::from(number)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ (mixed >> 32);
    }
}

#[cfg(test)]
#[path = "lists_tests.rs"]
mod tests;
