//! Owns one visit of the mirror to one server: tries the connection out, listens to tags, reads hashes page by page, and takes the
//! silent out of them. What is read goes to the books at once; all else comes back. Whom to visit, and for what, is `mirror`'s.

use super::super::index::{Order, Standing};
use super::books::{Books, Told};
use super::keys::{Keys, LIFE, parse};
use super::nodes::{Node, ahead_ms, is_elsewhere, is_of_all};
use super::packed::unpack;
use super::parcel::{ask, ask_each};
use crate::telemetry;
use ::redis::{RedisError, RedisResult, Value};
use geo::cell::Cell;
use matcher::model::AccountId;
use std::sync::Arc;
use uuid::Uuid;

/// Fields asked for at a time.
const PAGE: usize = 1_000;

/// What is to be done with the set of tags.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum TagSet {
    #[default]
    Elsewhere,
    Read,
    ListenAndRead,
    /// It is on a server that is away: tags are looked for among the keys of this one.
    Away,
}

/// What a visit is for.
#[derive(Debug, Default)]
pub(super) struct Aim {
    pub(super) tag_set: TagSet,
    /// To be listened to, and then read.
    pub(super) listen: Vec<Cell>,
    pub(super) read: Vec<Cell>,
}

/// What it brought.
#[derive(Default)]
pub(super) struct Brought {
    pub(super) ahead_ms: Option<i64>,
    /// Tags in the set, if it was read; those found without it.
    pub(super) tags: Option<Vec<Cell>>,
    /// In the place of the set is a key of another's making.
    pub(super) is_set_refused: bool,
    pub(super) is_listening_for_tags: bool,
    pub(super) listened: Vec<Cell>,
    pub(super) read: Vec<Cell>,
    pub(super) unread: Vec<Cell>,
    pub(super) found: Found,
    /// Of the connection, which is given up, or of a tag that is elsewhere ([`is_elsewhere`]).
    pub(super) error: Option<RedisError>,
}

/// What readings found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// Valid records.
    pub(super) records: usize,
    /// Fields that are not ours or not valid.
    pub(super) skipped: usize,
    /// Records older than the silent are kept, or from the future, deleted.
    pub(super) swept: usize,
    /// Such records that Redis did not delete: it takes no writes.
    pub(super) unswept: usize,
}

/// A field of a hash and what it holds.
type Field = (Vec<u8>, Vec<u8>);

/// What there is to know of a tag when all of its hash was read.
#[derive(Default)]
struct Page {
    life: Option<String>,
    /// Places from the future.
    future: Vec<(Field, (AccountId, Order))>,
}

struct Visit {
    node: Node,
    keys: Keys,
    books: Arc<Books>,
    brought: Brought,
}

/// Goes there.
pub(super) async fn visit(node: Node, keys: Keys, books: Arc<Books>, aim: Aim) -> (Node, Brought) {
    let mut visit = Visit { node, keys, books, brought: Brought::default() };
    if let Err(error) = visit.all(aim).await {
        visit.brought.error = Some(error);
    }
    visit.books.write_lost();
    (visit.node, visit.brought)
}

impl Visit {
    async fn all(&mut self, aim: Aim) -> RedisResult<()> {
        // Until they are read.
        self.brought.unread.clone_from(&aim.read);
        // What is from the future is dropped from Redis: whose clock is right must be known now, not a second ago. And a connection
        // that is half open would be silent for ever.
        let ahead_ms = ahead_ms(&mut self.node.connection.clone(), self.books.env()).await?;
        self.node.ahead_ms = ahead_ms;
        self.brought.ahead_ms = Some(ahead_ms);
        match aim.tag_set {
            TagSet::Elsewhere => {}
            TagSet::Read | TagSet::ListenAndRead => self.tag_set(aim.tag_set == TagSet::ListenAndRead).await?,
            TagSet::Away => self.look_for_tags().await?,
        }
        // Listening begins before reading.
        self.listen(&aim.listen).await?;
        let mut why = None;
        let mut left = std::mem::take(&mut self.brought.unread).into_iter();
        for tag in left.by_ref() {
            match self.read(tag).await {
                Ok(()) => self.brought.read.push(tag),
                Err(error) => {
                    self.brought.unread.push(tag);
                    why = Some(error);
                }
            }
            if why.as_ref().is_some_and(|error| !is_elsewhere(error) || is_of_all(error)) {
                break;
            }
        }
        self.brought.unread.extend(left);
        why.or(self.brought.error.take()).map_or(Ok(()), Err)
    }

    async fn tag_set(&mut self, is_new: bool) -> RedisResult<()> {
        let key = self.keys.tags();
        let mut pipe = ::redis::pipe();
        if is_new {
            pipe.cmd("SSUBSCRIBE").arg(&key);
        }
        pipe.cmd("SMEMBERS").arg(&key);
        let answers = match ask(&self.node, &pipe).await {
            Err(error) if is_elsewhere(&error) => {
                self.brought.error = Some(error);
                return Ok(());
            }
            answers => answers?,
        };
        self.brought.is_listening_for_tags = true;
        let members = answers.into_iter().last();
        self.brought.is_set_refused = matches!(members, Some(Value::BulkString(_)));
        let members = members.filter(|_| !self.brought.is_set_refused).map(::redis::from_redis_value::<Vec<Vec<u8>>>);
        if let Some(Ok(members)) = members {
            self.brought.tags = Some(members.iter().filter_map(|digits| parse(digits)).collect());
        } else {
            metrics::counter!(telemetry::LIVE_REDIS_SKIPPED).increment(1);
        }
        Ok(())
    }

    /// Looks through all keys of this server. Who may not do that finds none.
    async fn look_for_tags(&mut self) -> RedisResult<()> {
        let mut cursor = b"0".to_vec();
        let mut tags = Vec::new();
        loop {
            let mut pipe = ::redis::pipe();
            pipe.cmd("SCAN").arg(&cursor).arg("MATCH").arg(self.keys.tag_pattern()).arg("COUNT").arg(PAGE);
            let answer = match ask(&self.node, &pipe).await {
                Err(error) if error.code() == Some("NOPERM") => break,
                answer => answer?.into_iter().next(),
            };
            let (next, keys) = ::redis::from_redis_value::<(Vec<u8>, Vec<Vec<u8>>)>(answer.unwrap_or(Value::Nil))?;
            tags.extend(keys.iter().filter_map(|key| self.keys.tag_of_channel(key)));
            if next == b"0" {
                break;
            }
            cursor = next;
        }
        self.brought.tags = Some(tags);
        Ok(())
    }

    async fn listen(&mut self, tags: &[Cell]) -> RedisResult<()> {
        if tags.is_empty() {
            return Ok(());
        }
        let mut pipe = ::redis::pipe();
        for &tag in tags {
            pipe.cmd("SSUBSCRIBE").arg(self.keys.tag(tag));
        }
        for (&tag, answer) in tags.iter().zip(ask_each(&self.node, &pipe).await?) {
            match answer {
                Ok(_) => {
                    self.brought.listened.push(tag);
                    self.brought.unread.push(tag);
                }
                Err(error) if is_elsewhere(&error) => self.brought.error = Some(error),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Reads a tag's hash page by page.
    async fn read(&mut self, tag: Cell) -> RedisResult<()> {
        let key = self.keys.tag(tag);
        let mut cursor = b"0".to_vec();
        let mut page = Page::default();
        loop {
            let mut pipe = ::redis::pipe();
            pipe.cmd("HSCAN").arg(&key).arg(&cursor).arg("COUNT").arg(PAGE);
            let answer = ask(&self.node, &pipe).await?.into_iter().next();
            let answer = answer.filter(|answer| !matches!(answer, Value::BulkString(_)));
            let Some(answer) = answer else {
                // A key of another's making: there is nothing to read.
                self.brought.found.skipped += 1;
                return Ok(());
            };
            let (next, fields) = ::redis::from_redis_value::<(Vec<u8>, Vec<Field>)>(answer)?;
            self.take_page(tag, fields, &mut page).await?;
            if next == b"0" {
                break;
            }
            cursor = next;
        }
        if !page.future.is_empty() {
            self.put_right(tag, &mut page).await?;
        }
        // A hash that is not there is one without a life: what was known of it is written again.
        if self.books.lives(tag, page.life.as_deref()) {
            tracing::warn!("redis has lost positions; writing them again");
        }
        Ok(())
    }

    async fn take_page(&mut self, tag: Cell, fields: Vec<Field>, page: &mut Page) -> RedisResult<()> {
        let limit_ms = self.books.queue().silent_before_ms();
        let mut told: Vec<(AccountId, Standing)> = Vec::with_capacity(fields.len());
        let mut silent: Vec<Field> = Vec::new();
        for pair in fields {
            let (field, value) = &pair;
            if field == LIFE.as_bytes() {
                page.life = Some(String::from_utf8_lossy(value).into_owned());
                continue;
            }
            let staff = Uuid::from_slice(field).map(AccountId);
            let record = staff.ok().and_then(|staff| Some((staff, unpack(staff, value, self.node.ahead_ms)?)));
            match record {
                None => self.brought.found.skipped += 1,
                Some((_, standing)) if limit_ms.is_some_and(|limit| standing.taken_at_ms() < limit) => {
                    silent.push(pair);
                }
                Some((staff, standing)) if self.books.is_from_future(&standing) => {
                    page.future.push((pair, (staff, standing.order())));
                }
                Some(record) => told.push(record),
            }
        }
        self.brought.found.records += told.len();
        self.books.take(tag, told, Told::Read);
        self.sweep(tag, &silent).await?;
        Ok(())
    }

    /// Redis's clock was set back, or another server with an earlier one has taken its place: how old those are who were written before
    /// cannot be known from it, and one day they would look as if they had just reported. Their records go, without a mark that would
    /// outrank the right one, and whoever knows them writes them again, as old as they are: this node at once; if there are some it does not know,
    /// the life word goes too, so that every node writes the whole tag.
    async fn put_right(&mut self, tag: Cell, page: &mut Page) -> RedisResult<()> {
        tracing::warn!(
            "positions in redis were from the future: its clock was set; those who are known are written again"
        );
        let (fields, staff): (Vec<Field>, Vec<(AccountId, Order)>) =
            std::mem::take(&mut page.future).into_iter().unzip();
        for (fields, staff) in fields.chunks(PAGE).zip(staff.chunks(PAGE)) {
            if !self.sweep(tag, fields).await? || self.books.put_again(staff) {
                continue;
            }
            let life = page.life.as_ref().map(|life| (LIFE.as_bytes().to_vec(), life.clone().into_bytes()));
            if self.sweep(tag, life.as_slice()).await? {
                page.life = None;
            }
        }
        Ok(())
    }

    /// Deletes fields that still hold exactly that; whether Redis did. That it takes no writes is for the writer to say: what can be read
    /// is read.
    async fn sweep(&mut self, tag: Cell, fields: &[Field]) -> RedisResult<bool> {
        if fields.is_empty() {
            return Ok(true);
        }
        let mut pipe = ::redis::pipe();
        let call = pipe.cmd("FCALL").arg("dh1_sweep").arg(1).arg(self.keys.tag(tag));
        for (field, value) in fields {
            call.arg(field).arg(value);
        }
        let is_done = ask_each(&self.node, &pipe).await?.into_iter().all(|answer| answer.is_ok());
        let count = if is_done { &mut self.brought.found.swept } else { &mut self.brought.found.unswept };
        *count += fields.len();
        Ok(is_done)
    }
}

#[cfg(test)]
#[path = "errand_tests.rs"]
mod tests;
