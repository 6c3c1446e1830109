//! Owns the deeds that must not be lost with the connection that asked for them: a phone that presses for help may be torn from its
//! owner's hand the moment after. What is begun is seen through, whatever becomes of the caller, and a draining server waits for it.

use super::App;

impl App {
    /// Does it to the end. Dropping the answer drops nothing of the deed.
    pub async fn see_through<T: Send + 'static>(&self, deed: impl Future<Output = T> + Send + 'static) -> T {
        self.deeds.spawn(deed).await.expect("a deed does not panic")
    }
}
