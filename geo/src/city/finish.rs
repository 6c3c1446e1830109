//! Owns the end of the drawing: pieces on bad ground die, stubs are cut, every car can come back from wherever it went,
//! and what is left becomes ways. Does not add streets.

use super::chance::Chance;
use super::crossings::Corridors;
use super::draft::{Draft, Line, Piece};
use super::plane::Pt;
use super::terrain::Terrain;
use crate::position::Position;
use crate::road::data::{Access, RoadClass, Way};

/// Main streets keep this far from the bank, metres.
const BANK_M: f64 = 25.0;
/// Share of dead-end alleys that stay.
const DEAD_ENDS_KEPT: f64 = 0.45;
/// One-way streets are opened this many times before what is still cut off is dropped.
const OPENING_ROUNDS: usize = 3;

/// Turns edges into lines, each piece alive where the ground allows.
pub(super) fn edges_to_lines(draft: &mut Draft, terrain: &Terrain, corridors: &Corridors) {
    for e in 0..draft.edges.len() {
        let (class, name) = (draft.edges[e].class, draft.edges[e].name);
        let raw = draft.edge_nodes(e);
        let mut nodes = vec![raw[0]];
        let mut pieces = Vec::new();
        for w in raw.windows(2) {
            let (a, b) = (draft.at(w[0]), draft.at(w[1]));
            let ok = |p: Pt| terrain.street_may_lie(p, BANK_M);
            let mut alive = ok(a) && ok(b) && ok(a.mix(b, 0.5));
            if class == RoadClass::Residential {
                alive &= !corridors.near(a, 30.0) && !corridors.near(b, 30.0);
            }
            if class > RoadClass::Secondary {
                // Only bigger streets have bridges over streams.
                alive &=
                    terrain.stream_crossing(a, b).is_none() && !terrain.in_stream(a, 0.0) && !terrain.in_stream(b, 0.0);
            }
            push_piece(draft, terrain, &mut nodes, &mut pieces, (w[0], w[1]), alive);
        }
        draft.lines.push(Line { nodes, pieces, class, name, oneway: false, cars_only: false });
    }
}

/// Adds a piece; one over a stream becomes bank, bridge, bank.
fn push_piece(
    draft: &mut Draft,
    terrain: &Terrain,
    nodes: &mut Vec<u32>,
    pieces: &mut Vec<Piece>,
    (from, to): (u32, u32),
    alive: bool,
) {
    let (a, b) = (draft.at(from), draft.at(to));
    let dry = Piece { alive, ..Piece::STREET };
    let over = Piece { alive, ..Piece::BRIDGE };
    let Some((t, half)) = terrain.stream_crossing(a, b) else {
        let wet = terrain.in_stream(a, 0.0) || terrain.in_stream(b, 0.0);
        nodes.push(to);
        pieces.push(if wet { over } else { dry });
        return;
    };
    let length = a.distance(b);
    let (low, high) = (t * length - half - 12.0, t * length + half + 12.0);
    if low > 20.0 {
        nodes.push(draft.point(a.mix(b, low / length)));
        pieces.push(dry);
    }
    let last = if length - high > 20.0 {
        nodes.push(draft.point(a.mix(b, high / length)));
        pieces.push(over);
        dry
    } else {
        over
    };
    nodes.push(to);
    pieces.push(last);
}

/// Footpaths from the streets around the bigger hills to their tops.
pub(super) fn footpaths(draft: &mut Draft, terrain: &Terrain, seed: u64) {
    let chance = Chance::new(seed, 6);
    let degree = degrees(draft);
    let mut street: Vec<(Pt, u32)> =
        (0..draft.points.len() as u32).filter(|n| degree[*n as usize] >= 2).map(|n| (draft.at(n), n)).collect();
    street.sort_by(|a, b| a.0.x.total_cmp(&b.0.x));
    for (g, green) in terrain.greens.iter().enumerate() {
        if green.name.is_empty() {
            continue;
        }
        let mut top = None;
        for k in 0..4 {
            let at = (k * 40 + chance.below(g as i64, k as i64, 30) as usize) % green.ring.len();
            let foot = green.ring[at];
            let low = street.partition_point(|s| s.0.x < foot.x - 260.0);
            let near = street[low..].iter().take_while(|s| s.0.x < foot.x + 260.0);
            let Some(&(p, node)) = near.min_by(|a, b| a.0.distance(foot).total_cmp(&b.0.distance(foot))) else {
                continue;
            };
            if p.distance(foot) > 260.0 || terrain.in_stream(foot, 0.0) || terrain.bank_distance(foot).0 < 20.0 {
                continue;
            }
            let top = *top.get_or_insert_with(|| draft.point(green.middle));
            let steps = ((foot.distance(green.middle) / 110.0) as i64).clamp(2, 40);
            let side = green.middle.minus(foot).unit().left();
            let mut nodes = vec![node, draft.point(foot)];
            for s in 1..steps {
                let sway = 55.0 * chance.field(s as f64 * 0.45, (g * 8 + k) as f64 * 5.0, 1.0);
                nodes.push(draft.point(foot.mix(green.middle, s as f64 / steps as f64).plus(side.times(sway))));
            }
            nodes.push(top);
            let pieces = vec![Piece { foot: true, ..Piece::STREET }; nodes.len() - 1];
            let (class, name) = (RoadClass::Path, Way::NO_NAME);
            draft.lines.push(Line { nodes, pieces, class, name, oneway: false, cars_only: false });
        }
    }
}

fn degrees(draft: &Draft) -> Vec<u32> {
    let mut degree = vec![0; draft.points.len()];
    for line in &draft.lines {
        for (w, _) in line.nodes.windows(2).zip(&line.pieces).filter(|(_, p)| p.alive) {
            degree[w[0] as usize] += 1;
            degree[w[1] as usize] += 1;
        }
    }
    degree
}

/// Cuts stubs, leaves one connected city and opens the one-way streets that would trap a car.
pub(super) fn tidy(draft: &mut Draft, seed: u64) {
    keep_largest_piece(draft);
    cut_stubs(draft, Chance::new(seed, 5));
    for _ in 0..OPENING_ROUNDS {
        let group = drive_groups(draft);
        let mut opened = false;
        for line in draft.lines.iter_mut().filter(|l| l.oneway && !l.cars_only) {
            let trapped = line.nodes.windows(2).zip(&line.pieces);
            if trapped.into_iter().any(|(w, p)| p.alive && group[w[0] as usize] != group[w[1] as usize]) {
                line.oneway = false;
                opened = true;
            }
        }
        if !opened {
            break;
        }
    }
    let group = drive_groups(draft);
    let biggest = largest(draft.lines.iter().flat_map(|l| l.nodes.iter().map(|n| group[*n as usize])));
    for line in &mut draft.lines {
        for (w, p) in line.nodes.windows(2).zip(&mut line.pieces) {
            if !p.foot && (group[w[0] as usize] != biggest || group[w[1] as usize] != biggest) {
                p.alive = false;
            }
        }
    }
    keep_largest_piece(draft);
    demote_ends(draft);
}

/// A main street that ends among small ones (at a hill, the river, the rim) is a small one from its last main crossing on.
fn demote_ends(draft: &mut Draft) {
    let main = |l: &Line, p: &Piece| p.alive && !p.minor && !p.foot && l.class <= RoadClass::Secondary;
    loop {
        let mut degree = vec![0_u32; draft.points.len()];
        for line in &draft.lines {
            for (w, _) in line.nodes.windows(2).zip(&line.pieces).filter(|(_, p)| main(line, p)) {
                degree[w[0] as usize] += 1;
                degree[w[1] as usize] += 1;
            }
        }
        let mut changed = false;
        for line in draft.lines.iter_mut().filter(|l| !l.cars_only) {
            for k in 0..line.pieces.len() {
                let end = degree[line.nodes[k] as usize] == 1 || degree[line.nodes[k + 1] as usize] == 1;
                if end && main(line, &line.pieces[k]) {
                    line.pieces[k].minor = true;
                    changed = true;
                }
            }
        }
        if !changed {
            return;
        }
    }
}

/// The most frequent value; the smaller one of equals.
fn largest(groups: impl Iterator<Item = u32>) -> u32 {
    let mut all: Vec<u32> = groups.collect();
    all.sort_unstable();
    let runs = all.chunk_by(|a, b| a == b);
    runs.max_by_key(|r| (r.len(), std::cmp::Reverse(r[0]))).map_or(0, |r| r[0])
}

fn find(parent: &mut [u32], mut n: u32) -> u32 {
    while parent[n as usize] != n {
        parent[n as usize] = parent[parent[n as usize] as usize];
        n = parent[n as usize];
    }
    n
}

fn keep_largest_piece(draft: &mut Draft) {
    let mut parent: Vec<u32> = (0..draft.points.len() as u32).collect();
    for line in &draft.lines {
        for (w, _) in line.nodes.windows(2).zip(&line.pieces).filter(|(_, p)| p.alive) {
            let (a, b) = (find(&mut parent, w[0]), find(&mut parent, w[1]));
            parent[a.max(b) as usize] = a.min(b);
        }
    }
    let roots: Vec<u32> = (0..parent.len() as u32).map(|n| find(&mut parent, n)).collect();
    let biggest = largest(roots.iter().copied());
    for line in &mut draft.lines {
        for (w, p) in line.nodes.windows(2).zip(&mut line.pieces) {
            p.alive &= roots[w[0] as usize] == biggest;
        }
    }
}

fn cut_stubs(draft: &mut Draft, chance: Chance) {
    loop {
        let degree = degrees(draft);
        let points = &draft.points;
        let mut cut = false;
        for line in draft.lines.iter_mut().filter(|l| l.class != RoadClass::Path) {
            for k in 0..line.pieces.len() {
                let ends = (line.nodes[k], line.nodes[k + 1]);
                let stub = [ends.0, ends.1].into_iter().find(|n| degree[*n as usize] == 1);
                let Some(stub) = stub.filter(|_| line.pieces[k].alive) else { continue };
                let p = points[stub as usize];
                let stays = line.class == RoadClass::Residential
                    && !line.pieces[k].foot
                    && chance.unit(p.x as i64, p.y as i64) < DEAD_ENDS_KEPT;
                if !stays {
                    line.pieces[k].alive = false;
                    cut = true;
                } else if line.oneway {
                    line.oneway = false;
                }
            }
        }
        if !cut {
            return;
        }
    }
}

/// Strongly connected group of every point for cars (Kosaraju, without recursion).
fn drive_groups(draft: &Draft) -> Vec<u32> {
    let n = draft.points.len();
    let mut arcs: Vec<(u32, u32)> = Vec::new();
    for line in &draft.lines {
        for (w, _) in line.nodes.windows(2).zip(&line.pieces).filter(|(_, p)| p.alive && !p.foot) {
            arcs.push((w[0], w[1]));
            if !line.oneway {
                arcs.push((w[1], w[0]));
            }
        }
    }
    let forward = Adjacency::new(n, arcs.iter().copied());
    let backward = Adjacency::new(n, arcs.iter().map(|a| (a.1, a.0)));
    let mut order = Vec::with_capacity(n);
    let mut seen = vec![false; n];
    let mut stack: Vec<(u32, u32)> = Vec::new();
    for root in 0..n as u32 {
        if std::mem::replace(&mut seen[root as usize], true) {
            continue;
        }
        stack.push((root, 0));
        while let Some((at, next)) = stack.pop() {
            if let Some(&to) = forward.of(at).get(next as usize) {
                stack.push((at, next + 1));
                if !std::mem::replace(&mut seen[to as usize], true) {
                    stack.push((to, 0));
                }
            } else {
                order.push(at);
            }
        }
    }
    let mut group = vec![u32::MAX; n];
    let mut todo = Vec::new();
    for &root in order.iter().rev() {
        if group[root as usize] != u32::MAX {
            continue;
        }
        group[root as usize] = root;
        todo.push(root);
        while let Some(at) = todo.pop() {
            for &to in backward.of(at) {
                if group[to as usize] == u32::MAX {
                    group[to as usize] = root;
                    todo.push(to);
                }
            }
        }
    }
    group
}

struct Adjacency {
    first: Vec<u32>,
    heads: Vec<u32>,
}

impl Adjacency {
    fn new(n: usize, arcs: impl Iterator<Item = (u32, u32)> + Clone) -> Self {
        let mut first = vec![0_u32; n + 1];
        for (a, _) in arcs.clone() {
            first[a as usize + 1] += 1;
        }
        for i in 0..n {
            first[i + 1] += first[i];
        }
        let mut at = first.clone();
        let mut heads = vec![0; first[n] as usize];
        for (a, b) in arcs {
            heads[at[a as usize] as usize] = b;
            at[a as usize] += 1;
        }
        Self { first, heads }
    }

    fn of(&self, n: u32) -> &[u32] {
        &self.heads[self.first[n as usize] as usize..self.first[n as usize + 1] as usize]
    }
}

/// Nodes, ways and names of what is alive.
pub(super) fn ways(draft: &Draft) -> (Vec<Position>, Vec<Way>, Vec<String>) {
    let mut node_of = vec![u32::MAX; draft.points.len()];
    let mut name_of = vec![u32::MAX; draft.names.len()];
    let (mut nodes, mut ways, mut names) = (Vec::new(), Vec::new(), Vec::new());
    for line in &draft.lines {
        let mut k = 0;
        while k < line.pieces.len() {
            let piece = line.pieces[k];
            let run = line.pieces[k..].iter().take_while(|p| **p == piece).count();
            if piece.alive {
                let ids = line.nodes[k..=k + run].iter().map(|&n| {
                    if node_of[n as usize] == u32::MAX {
                        node_of[n as usize] = nodes.len() as u32;
                        nodes.push(draft.at(n).position());
                    }
                    node_of[n as usize]
                });
                let ids: Vec<u32> = ids.collect();
                let mut way = way_of(line, piece, ids);
                if let Some(new) = name_of.get_mut(line.name as usize) {
                    if *new == u32::MAX {
                        *new = names.len() as u32;
                        names.push(draft.names[line.name as usize].clone());
                    }
                    way.name = *new;
                }
                ways.push(way);
            }
            k += run;
        }
    }
    (nodes, ways, names)
}

fn way_of(line: &Line, piece: Piece, nodes: Vec<u32>) -> Way {
    let class = match (piece.foot, piece.minor) {
        (true, _) => RoadClass::Path,
        (false, true) => RoadClass::Tertiary,
        (false, false) => line.class,
    };
    let drive = match (class, line.oneway) {
        (RoadClass::Path, _) => Access::No,
        (_, true) => Access::Forward,
        (_, false) => Access::Both,
    };
    let drive_kmh = match class {
        RoadClass::Motorway if line.name == Way::NO_NAME => 45,
        RoadClass::Motorway => 80,
        RoadClass::Primary => 55,
        RoadClass::Secondary => 48,
        RoadClass::Tertiary => 38,
        RoadClass::Residential => 24,
        RoadClass::Path => 0,
    };
    let walk = if line.cars_only { Access::No } else { Access::Both };
    // Bicycles keep to the streets: they leave the expressways to cars and the hill paths to walkers.
    let cycle = if line.cars_only || class == RoadClass::Path { Access::No } else { drive };
    let steep = line.class == RoadClass::Path;
    Way {
        nodes,
        class,
        name: Way::NO_NAME,
        drive,
        walk,
        cycle,
        drive_kmh,
        walk_kmh_tenths: if steep { 35 } else { 50 },
        cycle_kmh_tenths: if class == RoadClass::Residential { 140 } else { 150 },
        bridge: piece.bridge,
        tunnel: false,
    }
}
