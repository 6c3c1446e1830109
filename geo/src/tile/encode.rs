//! Owns the bytes of a Mapbox vector tile (version 2): layers, features, their tables of keys and values, and the protobuf
//! framing under them. Does not choose or cut what is drawn.

use std::collections::BTreeMap;

/// Units along a tile's side.
pub(super) const EXTENT: i32 = 4096;

const WIRE_VARINT: u64 = 0;
const WIRE_BYTES: u64 = 2;
const COMMAND_MOVE_TO: u32 = 1;
const COMMAND_LINE_TO: u32 = 2;
const COMMAND_CLOSE_PATH: u32 = 7;

/// A point in tile units.
pub(super) type Unit = (i32, i32);

/// What a feature's geometry is; the number is the format's.
#[derive(Clone, Copy)]
pub(super) enum Geometry {
    Point = 1,
    Line = 2,
    Polygon = 3,
}

/// A property's value.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Value {
    Text(String),
    Number(u64),
    Flag(bool),
}

fn varint(out: &mut Vec<u8>, mut v: u64) {
    while v >= 0x80 {
        out.push((v as u8 & 0x7f) | 0x80);
        v >>= 7;
    }
    out.push(v as u8);
}

fn number_field(out: &mut Vec<u8>, field: u64, v: u64) {
    varint(out, field << 3 | WIRE_VARINT);
    varint(out, v);
}

fn bytes_field(out: &mut Vec<u8>, field: u64, bytes: &[u8]) {
    varint(out, field << 3 | WIRE_BYTES);
    varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn packed_field(out: &mut Vec<u8>, field: u64, values: &[u32]) {
    let mut body = Vec::with_capacity(values.len() + 8);
    for v in values {
        varint(&mut body, u64::from(*v));
    }
    bytes_field(out, field, &body);
}

const fn zigzag(v: i32) -> u32 {
    ((v << 1) ^ (v >> 31)) as u32
}

/// The commands of a geometry of one or more parts; rings close themselves.
pub(super) fn commands(kind: Geometry, parts: &[Vec<Unit>]) -> Vec<u32> {
    let mut out = Vec::new();
    let mut at = (0, 0);
    let mut step = |out: &mut Vec<u32>, to: Unit| {
        out.push(zigzag(to.0 - at.0));
        out.push(zigzag(to.1 - at.1));
        at = to;
    };
    for part in parts {
        let Some((first, rest)) = part.split_first() else { continue };
        out.push(1 << 3 | COMMAND_MOVE_TO);
        step(&mut out, *first);
        if !rest.is_empty() {
            out.push((rest.len() as u32) << 3 | COMMAND_LINE_TO);
            for p in rest {
                step(&mut out, *p);
            }
        }
        if matches!(kind, Geometry::Polygon) {
            out.push(1 << 3 | COMMAND_CLOSE_PATH);
        }
    }
    out
}

/// A layer being written.
pub(super) struct Layer {
    name: &'static str,
    features: Vec<u8>,
    count: usize,
    keys: Vec<&'static str>,
    values: BTreeMap<Value, u32>,
    in_order: Vec<Value>,
}

impl Layer {
    pub(super) const fn new(name: &'static str) -> Self {
        Self { name, features: Vec::new(), count: 0, keys: Vec::new(), values: BTreeMap::new(), in_order: Vec::new() }
    }

    /// Adds a feature; one without geometry is not added.
    pub(super) fn add(&mut self, kind: Geometry, parts: &[Vec<Unit>], properties: &[(&'static str, Value)]) {
        let geometry = commands(kind, parts);
        if geometry.is_empty() {
            return;
        }
        let mut tags = Vec::with_capacity(properties.len() * 2);
        for (key, value) in properties {
            let k = self.keys.iter().position(|have| have == key).unwrap_or_else(|| {
                self.keys.push(key);
                self.keys.len() - 1
            });
            let v = self.values.get(value).copied().unwrap_or_else(|| {
                let id = self.in_order.len() as u32;
                self.values.insert(value.clone(), id);
                self.in_order.push(value.clone());
                id
            });
            tags.extend([k as u32, v]);
        }
        let mut feature = Vec::new();
        packed_field(&mut feature, 2, &tags);
        number_field(&mut feature, 3, kind as u64);
        packed_field(&mut feature, 4, &geometry);
        bytes_field(&mut self.features, 2, &feature);
        self.count += 1;
    }

    /// Appends the layer to a tile; an empty layer is left out, as the format wants.
    pub(super) fn finish(&self, tile: &mut Vec<u8>) {
        if self.count == 0 {
            return;
        }
        let mut body = Vec::with_capacity(self.features.len() + 256);
        number_field(&mut body, 15, 2);
        bytes_field(&mut body, 1, self.name.as_bytes());
        body.extend_from_slice(&self.features);
        for key in &self.keys {
            bytes_field(&mut body, 3, key.as_bytes());
        }
        for value in &self.in_order {
            let mut v = Vec::new();
            match value {
                Value::Text(s) => bytes_field(&mut v, 1, s.as_bytes()),
                Value::Number(n) => number_field(&mut v, 5, *n),
                Value::Flag(b) => number_field(&mut v, 7, u64::from(*b)),
            }
            bytes_field(&mut body, 4, &v);
        }
        number_field(&mut body, 5, EXTENT as u64);
        bytes_field(tile, 3, &body);
    }
}
