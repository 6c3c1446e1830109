//! Owns what the answers to the writer mean: what is in Redis now, what has to be tried again and when, and which servers are in
//! trouble. Sends no record.

use super::super::nodes::{Name, Node, Nodes, is_elsewhere};
use super::super::parcel::{Answered, Beat, Parcel, REFUSED, Sent};
use super::{Call, Link, Outcome, TAG_RENEWED};
use ::redis::{RedisError, RedisResult};
use geo::cell::Cell;
use std::sync::Arc;
use tokio::time::Instant;

impl Link {
    pub(super) fn sent(&mut self, sent: Sent, outcome: &mut Outcome) {
        let Sent { node, parcel, answers } = sent;
        self.writing.remove(&node.name);
        let answers = match answers {
            Ok(answers) => {
                self.is_over(&node.name, Call::Parcel);
                answers
            }
            Err(error) => {
                self.unanswered(&node, Call::Parcel, error, outcome);
                parcel.changes.keys().for_each(|&tag| self.books.doubt(tag));
                outcome.waiting.push(parcel.put_off(node.name));
                return;
            }
        };
        let Parcel { changes, drops } = parcel;
        for ((tag, changes), answer) in changes.into_iter().zip(answers.lives) {
            match answer {
                Ok(life) if life.as_deref() == Some(REFUSED) => {
                    outcome.refused.extend(changes.iter().map(|change| change.1));
                    self.compare_life(tag, life);
                }
                Ok(life) if life.is_some() => {
                    outcome.kept.extend(changes);
                    let known = self.tags.entry(tag).or_default();
                    if known.renewed.is_none_or(|since| since.elapsed() >= TAG_RENEWED) {
                        known.renewed = Some(Instant::now());
                    }
                    self.compare_life(tag, life);
                }
                // What was written there now would not be found.
                Ok(life) => {
                    outcome.again.extend(changes.iter().map(|change| change.1));
                    self.compare_life(tag, life);
                }
                Err(error) => {
                    let name = self.failed(&node, Call::Parcel, error, outcome);
                    // It may have done it in part.
                    self.books.doubt(tag);
                    outcome.waiting.push((name, changes.iter().map(|change| change.1).collect(), Vec::new()));
                }
            }
        }
        if !outcome.kept.is_empty() {
            self.tries.succeeded();
        }
        match answers.dropped {
            Ok(()) => outcome.dropped += drops.len(),
            Err(error) => {
                let name = self.failed(&node, Call::Parcel, error, outcome);
                outcome.waiting.push((name, Vec::new(), drops));
            }
        }
        self.rest_is_over(&node.name);
        outcome.free.push(node.name);
    }

    /// Redis answered that it did not; who is to be waited for.
    fn failed(&mut self, node: &Node, call: Call, error: RedisError, outcome: &mut Outcome) -> Name {
        if is_elsewhere(&error) && self.nodes.look_again() {
            outcome.error = Some(error);
            return Nodes::nobody();
        }
        self.unanswered(node, call, error, outcome);
        Arc::clone(&node.name)
    }

    /// There was no answer, or one that a new connection may do away with: it brings the functions again, and other rights. It is made
    /// after a while.
    fn unanswered(&mut self, node: &Node, call: Call, error: RedisError, outcome: &mut Outcome) {
        if node.name == self.keeper() {
            // Who answers next may be another.
            self.books.queue().set_word(None);
        }
        self.troubled.insert((Arc::clone(&node.name), call));
        self.nodes.failed(&node.name, node.number, error.clone());
        outcome.error = Some(error);
    }

    /// What was wrong with that is not known to be so any more.
    fn is_over(&mut self, name: &Name, call: Call) {
        self.troubled.remove(&(Arc::clone(name), call));
    }

    /// A server that did all that it was last asked to, of each kind, is not left alone after the next failure for longer than after the
    /// first. A good connection alone says nothing: over it comes the same refusal again.
    fn rest_is_over(&mut self, name: &Name) {
        if !self.troubled.iter().any(|(of, _)| of == name) {
            self.nodes.answered(name);
        }
    }

    pub(super) fn beaten(&mut self, beat: Beat, outcome: &mut Outcome) {
        let Beat { node, tags, answer } = beat;
        self.beating.remove(&node.name);
        match answer {
            Ok(Answered { lives, word, ahead_ms }) => {
                self.nodes.set_ahead(&node.name, node.number, ahead_ms);
                self.is_over(&node.name, Call::Beat);
                // There is nothing left that it did not take.
                if !self.writing.contains(&node.name) && !self.books.queue().waits_for(&node.name) {
                    self.is_over(&node.name, Call::Parcel);
                }
                match word {
                    Some(Ok(word)) => {
                        let word = word.map(|word| String::from_utf8_lossy(&word).into_owned());
                        self.books.queue().set_word(word.as_deref());
                    }
                    Some(Err(error)) => {
                        self.books.queue().set_word(None);
                        self.failed(&node, Call::Beat, error, outcome);
                    }
                    None => {}
                }
                for (tag, life) in tags.into_iter().zip(lives) {
                    match life {
                        Ok(life) => self.compare_life(tag, life),
                        Err(error) => {
                            self.failed(&node, Call::Beat, error, outcome);
                        }
                    }
                }
                self.rest_is_over(&node.name);
            }
            Err(error) => self.unanswered(&node, Call::Beat, error, outcome),
        }
    }

    pub(super) fn named(&mut self, node: &Node, tags: Vec<Cell>, named: RedisResult<()>, outcome: &mut Outcome) {
        self.is_naming = false;
        if named.is_ok() {
            // Of whoever had the set before, too.
            self.troubled.retain(|&(_, call)| call != Call::Naming);
            self.rest_is_over(&node.name);
        }
        match named {
            Ok(()) if !self.unnamed.is_empty() => self.name(),
            Ok(()) => self.books.queue().set_named(true),
            Err(error) => {
                self.unnamed.extend(tags);
                // With the next heartbeat: what has to be written is written meanwhile.
                self.failed(node, Call::Naming, error, outcome);
            }
        }
    }

    fn compare_life(&mut self, tag: Cell, life: Option<Vec<u8>>) {
        let life = life.map(|word| String::from_utf8_lossy(&word).into_owned());
        if self.books.lives(tag, life.as_deref()) {
            tracing::warn!("redis has lost positions; writing them again");
        }
        if life.is_none() {
            self.tags.entry(tag).or_default().renewed = None;
        }
    }
}
