//! Owns the tasks between the record and the sockets: the outbox's tail, batched acknowledgements, revocations. Commits wake
//! them; a sweep finds what a lost wake would have hidden.
//!
//! A row that cannot be read holds up nobody else's, and its own recipient is never sent a later number over it: it may have told that
//! something has ended, with the next acknowledgement it would count as received, and a phone that shows on what has ended is worse off than
//! one that begins anew. Their socket is closed for them to come back (`restart`), in its turn behind what comes before it, and whoever comes
//! back from before it is not resumed: the phone reads its state as it is now, and is numbered on from there. Where not even whose it is can be
//! read, the gap before their next number says so (`session`).

use crate::http::App;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Rows read at a time.
const ROWS_PER_READ: u32 = 500;
/// The tail looks at least this often.
const SWEEP: Duration = Duration::from_secs(1);
/// Acknowledgements are gathered this long.
const ACK_BATCH: Duration = Duration::from_millis(50);
/// Rights that ended are looked for at least this often.
const REVOKE_SWEEP: Duration = Duration::from_millis(500);
/// Wait after the record failed.
const RETRY: Duration = Duration::from_millis(500);

/// Follows the whole outbox and hands each row to its recipient's socket.
pub async fn tail(app: Arc<App>) {
    let mut commits = app.record.commits();
    let mut cursor = None;
    loop {
        match follow(&app, cursor).await {
            Ok(next) => cursor = Some(next),
            Err(error) => {
                tracing::error!(cause = %error, "the outbox cannot be read: nothing reaches the phones until it can");
                tokio::time::sleep(RETRY).await;
            }
        }
        tokio::select! {
            changed = commits.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(SWEEP) => {}
            () = gone(&app) => return,
        }
    }
}

/// Reads on from the cursor. With no phone connected it goes to the head, which is read before the phones are counted: a phone
/// that comes later finds older rows in its own numbers, and newer ones come from here.
async fn follow(app: &App, cursor: Option<i64>) -> Result<i64, crate::record::RecordError> {
    let head = app.record.outbox_head().await?;
    if !app.hub.has_phones() {
        return Ok(head);
    }
    // The first look may come after the first phone: some rows back, as a session drops what it has sent.
    let mut cursor = cursor.unwrap_or_else(|| (head - i64::from(ROWS_PER_READ)).max(0));
    loop {
        let tail = app.record.outbox_after(cursor, ROWS_PER_READ).await?;
        cursor = tail.upto;
        for message in tail.messages {
            app.hub.deliver(message);
        }
        if !tail.is_full {
            return Ok(cursor);
        }
    }
}

/// Puts acknowledgements on the record, many in one transaction.
pub async fn acknowledge(app: Arc<App>) {
    loop {
        tokio::select! {
            () = app.hub.acked.notified() => {}
            () = gone(&app) => return,
        }
        tokio::time::sleep(ACK_BATCH).await;
        let batch = app.hub.take_acks();
        if !batch.is_empty() && app.record.acknowledge(app.env.now(), &batch).await.is_err() {
            for (account, seq) in batch {
                app.hub.ack(account, seq);
            }
            tokio::time::sleep(RETRY).await;
        }
    }
}

/// Closes the sockets of tokens that ended and accounts that were suspended.
pub async fn revoke(app: Arc<App>) {
    let mut commits = app.record.commits();
    let mut cursor = 0;
    loop {
        loop {
            let began = Instant::now();
            let Ok(revocations) = app.record.revocations_after(cursor).await else { break };
            let Some(last) = revocations.last() else {
                app.known.is_read(began);
                break;
            };
            cursor = last.id;
            app.known.revoke(&revocations);
            // The hub remembers them: who is issued an epoch from now on asks there, and who was before is found by ingest.
            app.hub.revoke(&revocations);
            app.ingest.revoke(&revocations);
        }
        tokio::time::sleep(ACK_BATCH).await;
        tokio::select! {
            changed = commits.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(REVOKE_SWEEP) => {}
            () = gone(&app) => return,
        }
    }
}

/// The server drains and the last socket has closed.
pub(super) async fn gone(app: &App) {
    app.drain.cancelled().await;
    while !app.hub.is_empty() {
        tokio::time::sleep(ACK_BATCH).await;
    }
}
