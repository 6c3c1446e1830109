//! Owns the words of one exchange of the writer with one server, and what its answers mean: a parcel of records, a heartbeat, the
//! naming of tags. Keeps nothing: what they mean for the rest is `link`'s.

use super::keys::{Keys, LIFE, WORD, digits};
use super::link::Change;
use super::nodes::{Name, Node, ahead_ms, error};
use super::packed::below_bytes;
use super::queue::{Below, Drop};
use crate::clock::Env;
use ::redis::{Pipeline, RedisResult, Value};
use geo::cell::Cell;
use matcher::model::AccountId;
use std::collections::BTreeMap;

/// What Redis does where order matters.
pub(super) const FUNCTIONS: &str = include_str!("scripts/live.lua");
/// Where nobody writes to a tag any more, Redis forgets it: servers that never come back leave nobody's place behind. Longer than a
/// silent member is kept, seconds.
const TAG_LIFE_S: i64 = 3_600;
/// What stands for the life of a key of another's making, as `dh1_write` answers it. When the key is free again, the life is another
/// and everybody of the tag is written.
pub(super) const REFUSED: &[u8] = b"!";

/// What goes to one server.
#[derive(Default)]
pub(super) struct Parcel {
    pub(super) changes: BTreeMap<Cell, Vec<Change>>,
    pub(super) drops: Vec<Drop>,
}

impl Parcel {
    /// As what waits for that server.
    pub(super) fn put_off(self, server: Name) -> (Name, Vec<AccountId>, Vec<Drop>) {
        let staff = self.changes.into_values().flatten().map(|(_, staff, _)| staff).collect();
        (server, staff, self.drops)
    }
}

/// The message of one tag, and a word for its life where it is time to see to that.
pub(super) struct Message {
    pub(super) key: String,
    pub(super) fresh_life: Option<String>,
    pub(super) bytes: Vec<u8>,
}

/// A parcel that was sent.
pub(super) struct Sent {
    pub(super) node: Node,
    pub(super) parcel: Parcel,
    /// An error here leaves open what became of it.
    pub(super) answers: RedisResult<Answers>,
}

/// What the server said.
pub(super) struct Answers {
    /// The life word of each tag, in their order.
    pub(super) lives: Vec<RedisResult<Option<Vec<u8>>>>,
    pub(super) dropped: RedisResult<()>,
}

/// Records to be dropped, by their key.
pub(super) fn by_tag(drops: &[Drop], keys: &Keys) -> Vec<(String, Vec<(AccountId, Below)>)> {
    let mut by_tag: BTreeMap<Cell, Vec<(AccountId, Below)>> = BTreeMap::new();
    for &((tag, staff), below) in drops {
        by_tag.entry(tag).or_default().push((staff, below));
    }
    by_tag.into_iter().map(|(tag, records)| (keys.tag(tag), records)).collect()
}

/// Sends a parcel as one pipeline; `messages` are of the tags of its changes, in their order.
pub(super) async fn send(
    node: Node,
    is_one: bool,
    parcel: Parcel,
    messages: Vec<Message>,
    drops: Vec<(String, Vec<(AccountId, Below)>)>,
) -> Sent {
    let mut pipe = ::redis::pipe();
    for Message { key, fresh_life, .. } in &messages {
        if let Some(fresh) = fresh_life {
            pipe.cmd("HSETNX").arg(key).arg(LIFE).arg(fresh).cmd("EXPIRE").arg(key).arg(TAG_LIFE_S);
        }
    }
    // Keys of several slots cannot be in one call on a Cluster.
    let per_call = if is_one { messages.len().max(1) } else { 1 };
    for messages in messages.chunks(per_call) {
        let call = pipe.cmd("FCALL").arg("dh1_write").arg(messages.len());
        for Message { key, .. } in messages {
            call.arg(key);
        }
        for Message { bytes, .. } in messages {
            call.arg(bytes);
        }
    }
    for (key, records) in drops {
        let call = pipe.cmd("FCALL").arg("dh1_drop").arg(1).arg(key);
        for (staff, below) in records {
            call.arg(staff.0.as_bytes().as_slice()).arg(below_bytes(below).as_slice());
        }
    }
    let answers = ask_each(&node, &pipe).await.map(|answers| {
        let mut answers = answers.into_iter();
        // Without its life a tag would be written again and again, and without an end to it outlive everybody. One of another's making
        // is the call's to tell.
        let begun: Vec<RedisResult<()>> = messages
            .iter()
            .map(|message| answers.by_ref().take(2 * usize::from(message.fresh_life.is_some())).fold(Ok(()), both))
            .collect();
        let mut lives = Vec::with_capacity(messages.len());
        for messages in messages.chunks(per_call) {
            match answers.next().map_or_else(|| Err(error("an answer is missing")), words) {
                Ok(words) => lives.extend(words.into_iter().map(Ok)),
                Err(why) => lives.extend(messages.iter().map(|_| Err(why.clone()))),
            }
        }
        let lives = begun.into_iter().zip(lives).map(|(begun, life)| begun.and(life)).collect();
        Answers { lives, dropped: answers.try_for_each(|answer| answer.map(drop)) }
    });
    Sent { node, parcel, answers }
}

/// The first thing that went wrong.
fn both(before: RedisResult<()>, answer: RedisResult<Value>) -> RedisResult<()> {
    before.and(answer.map(drop))
}

fn words(answer: RedisResult<Value>) -> RedisResult<Vec<Option<Vec<u8>>>> {
    Ok(::redis::from_redis_value(answer?)?)
}

/// A heartbeat that was sent.
pub(super) struct Beat {
    pub(super) node: Node,
    pub(super) tags: Vec<Cell>,
    pub(super) answer: RedisResult<Answered>,
}

/// What the server said.
pub(super) struct Answered {
    /// The life word of each tag, in their order.
    pub(super) lives: Vec<RedisResult<Option<Vec<u8>>>>,
    /// The word of this Redis, where it was asked for.
    pub(super) word: Option<RedisResult<Option<Vec<u8>>>>,
    pub(super) ahead_ms: i64,
}

/// The word that tells this Redis from any other, by its key, and a new one if there is to be one.
pub(super) struct AskWord {
    pub(super) key: String,
    pub(super) fresh: Option<String>,
}

/// Asks for each tag's life, by its key, publishes the last number where there is one to say, and asks for the word of this Redis.
pub(super) async fn beat(
    node: Node,
    tags: Vec<Cell>,
    beats: Vec<(String, Option<Vec<u8>>)>,
    ask_word: Option<AskWord>,
    env: Env,
) -> Beat {
    let mut pipe = ::redis::pipe();
    let mut before = 0;
    if let Some(AskWord { key, fresh }) = &ask_word {
        if let Some(fresh) = fresh {
            pipe.cmd("HSETNX").arg(key).arg(WORD).arg(fresh);
            before += 1;
        }
        pipe.cmd("HGET").arg(key).arg(WORD);
    }
    for (key, _) in &beats {
        pipe.cmd("HGET").arg(key).arg(LIFE);
    }
    for (key, message) in &beats {
        if let Some(message) = message {
            pipe.cmd("SPUBLISH").arg(key).arg(message);
        }
    }
    let mut connection = node.connection.clone();
    let answer = async {
        let is_asked = ask_word.is_some() || !beats.is_empty();
        let answers = if is_asked { ask_each(&node, &pipe).await? } else { Vec::new() };
        let mut answers = answers.into_iter().skip(before).map(|answer| answer.map(word));
        let word = if ask_word.is_some() { answers.next() } else { None };
        let lives = answers.take(beats.len()).collect();
        Ok(Answered { lives, word, ahead_ms: ahead_ms(&mut connection, &env).await? })
    };
    let answer = answer.await;
    Beat { node, tags, answer }
}

/// Puts tags into the set of that key, and tells those who listen if one is new there.
pub(super) async fn name(node: Node, key: String, tags: Vec<Cell>) -> RedisResult<()> {
    let mut pipe = ::redis::pipe();
    pipe.cmd("SADD").arg(&key);
    for &tag in &tags {
        pipe.arg(digits(tag));
    }
    let answers = ask(&node, &pipe).await?;
    if matches!(answers[..], [Value::Int(added)] if added > 0) {
        let mut pipe = ::redis::pipe();
        for &tag in &tags {
            pipe.cmd("SPUBLISH").arg(&key).arg(digits(tag));
        }
        ask(&node, &pipe).await?;
    }
    Ok(())
}

/// One pipeline, with what became of each command; in place of the answer "wrong type" stands [`REFUSED`], so that a key of another's
/// making spoils nothing else.
pub(super) async fn ask_each(node: &Node, pipe: &Pipeline) -> RedisResult<Vec<RedisResult<Value>>> {
    let (mut connection, mut pipe) = (node.connection.clone(), pipe.clone());
    let answers: Vec<RedisResult<Value>> = pipe.ignore_errors().query_async(&mut connection).await?;
    let kept = |answer: RedisResult<Value>| match answer {
        Err(error) if error.code() == Some("WRONGTYPE") => Ok(Value::BulkString(REFUSED.to_vec())),
        answer => answer,
    };
    Ok(answers.into_iter().map(kept).collect())
}

/// The same where one error spoils all.
pub(super) async fn ask(node: &Node, pipe: &Pipeline) -> RedisResult<Vec<Value>> {
    ask_each(node, pipe).await?.into_iter().collect()
}

/// A word, where there is one.
fn word(answer: Value) -> Option<Vec<u8>> {
    if let Value::BulkString(word) = answer { Some(word) } else { None }
}
