//! CPU of one review, over TLS and HTTP/1.1 as the API server speaks to a Service: `aliasgate serve`, the least that a
//! webhook in Rust can do, and one on controller-runtime, in one run.
//!
//! ```sh
//! cargo build --release && cargo bench --bench webhooks
//! ```
//!
//! `ALIASGATE_BINARY` may name another binary, such as the one that the image ships.
//!
//! Linux only: it reads the CPU time of each server from /proc. Reviews are UPDATEs with object and oldObject, half of
//! each managedFields, and are allowed. The servers take turns, and the best of the rounds counts. Without Go the third
//! server is left out, which is said.

#![expect(clippy::print_stdout, reason = "it prints what it measures")]

mod floor;
mod load;
mod reviews;
mod servers;

use std::{env, error::Error, time::Duration};

use servers::Server;

/// How often each server has its turn with each load.
const ROUNDS: usize = 5;
/// CPU that a server should use in one turn, so that its clock is fine enough.
const TURN: Duration = Duration::from_secs(1);
/// Connections of the client.
const CONNECTIONS: [usize; 2] = [1, 16];
/// Sizes of the object, in bytes.
const SIZES: [usize; 2] = [2_000, 50_000];

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1).filter(|argument| argument != "--bench");
    if arguments.next().as_deref() == Some(floor::COMMAND) {
        let port = arguments.next().ok_or("no port")?.parse()?;
        return floor::serve(port, arguments.next().ok_or("no folder")?.as_ref());
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let folder = tempfile::tempdir()?;
    let servers = servers::start(folder.path())?;
    let client = load::client(folder.path())?;
    for size in SIZES {
        let review = reviews::update(size);
        for connections in CONNECTIONS {
            println!("object of {size} bytes, {connections} connections: µs of CPU a review");
            let mut best = vec![f64::INFINITY; servers.len()];
            for _ in 0..ROUNDS {
                for (server, best) in servers.iter().zip(&mut best) {
                    let cost = turn(&runtime, server, &client, &review, connections)?;
                    *best = best.min(cost);
                }
            }
            let floor = best[servers.len() - 1];
            for (server, cost) in servers.iter().zip(&best) {
                println!(
                    "  {:<20} {cost:>8.1}   {:.2} of the floor",
                    server.name,
                    cost / floor
                );
            }
        }
    }
    Ok(())
}

/// The CPU of one review in µs.
fn turn(
    runtime: &tokio::runtime::Runtime,
    server: &Server,
    client: &load::Client,
    review: &bytes::Bytes,
    connections: usize,
) -> Result<f64, Box<dyn Error>> {
    // As many as are needed, by a short look at what one costs.
    let try_out = 50 * connections;
    let mut count = try_out;
    loop {
        let before = server.cpu()?;
        let sent = runtime.block_on(client.send(server.port, review, connections, count));
        sent.map_err(|failure| -> Box<dyn Error> { failure })?;
        let used = server.cpu()?.saturating_sub(before);
        if used >= TURN || count > 1_000_000 {
            return Ok(used.as_secs_f64() * 1e6 / count as f64);
        }
        let missing = TURN.as_secs_f64() / used.as_secs_f64().max(1e-6);
        count = ((count as f64 * missing * 1.1) as usize).max(count + connections);
    }
}
