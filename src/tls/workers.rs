//! Threads that each serve their own connections.

use std::{io, thread};

use tokio::{
    runtime::{Builder, Handle},
    sync::oneshot,
};

/// Threads with a runtime each; they end when this is dropped.
///
/// A connection stays on its thread. On threads that share their work every request wakes a second one, in case there
/// is more to do: for requests of some microseconds that costs as much as the requests.
pub struct Workers {
    threads: Vec<(Handle, oneshot::Sender<()>)>,
    next: usize,
}

impl Workers {
    /// Starts `count` threads, at least one.
    ///
    /// # Errors
    /// When the system gives no more of them.
    pub fn start(count: usize) -> io::Result<Self> {
        let threads: io::Result<_> = (0..count.max(1)).map(|_| start()).collect();
        Ok(Self {
            threads: threads?,
            next: 0,
        })
    }

    /// The thread whose turn it is.
    pub(super) fn next(&mut self) -> &Handle {
        self.next = (self.next + 1) % self.threads.len();
        &self.threads[self.next].0
    }
}

fn start() -> io::Result<(Handle, oneshot::Sender<()>)> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let handle = runtime.handle().clone();
    let (stop, stopped) = oneshot::channel();
    thread::Builder::new()
        .name("connections".to_owned())
        .spawn(move || {
            // The sender is only ever dropped.
            runtime.block_on(stopped).unwrap_or_default();
        })?;
    Ok((handle, stop))
}
