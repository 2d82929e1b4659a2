//! `aliasgate local`: webhook, proxy and a stand-in provider on one machine, from a folder.

use std::{
    env,
    fmt::Write as _,
    io::{self, Write as _},
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{runtime, sync::watch, task::JoinSet};

use super::{
    Outcome, proxy as command,
    serve::{self, Error},
};
use crate::{
    admission,
    engine::{Key, Kind, Snapshot},
    proxy::{GATE, Proxy, Settings, standin::StandIn},
    telemetry::{self, Format, Health},
    tls::{self, Certificates, Limits, Source, Workers},
};

/// Run webhook and proxy from a folder of manifests, without a cluster.
///
/// A stand-in provider answers where a backend's Secret is not in the folder. Everything listens on this machine only.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folder with backends, policies, routes and Secrets; changes are picked up
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// Port of the proxy; 0 takes a free one, here and below
    #[arg(long, value_name = "PORT", default_value_t = 8080)]
    port: u16,
    /// Port of /healthz, /readyz and /metrics
    #[arg(long, value_name = "PORT", default_value_t = 9901)]
    status_port: u16,
    /// Port of the webhooks
    #[arg(long, value_name = "PORT", default_value_t = 8443)]
    webhook_port: u16,
    /// The only key that the stand-in provider takes from clients [default: it takes any, and none]
    #[arg(long, value_name = "KEY")]
    stand_in_key: Option<String>,
    /// Folder for the webhook's certificate [default: aliasgate/local in the user's cache]
    #[arg(long, value_name = "DIR")]
    cert_dir: Option<PathBuf>,
    #[command(flatten)]
    reading: command::Reading,
    /// What to log: a level, or a list of target=level [default: $RUST_LOG, or warn]
    #[arg(long, value_name = "FILTER")]
    log_level: Option<String>,
}

/// Longest time for requests in flight after Ctrl-C.
const DRAIN: Duration = Duration::from_secs(1);
/// Names under which the webhook is reached.
const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// Where everything listens.
struct Addresses {
    proxy: SocketAddr,
    status: SocketAddr,
    webhook: SocketAddr,
    stand_in: SocketAddr,
}

/// Serves until a signal says stop.
pub(super) fn run(args: &Args) -> Result<Outcome, Error> {
    let filter = args.log_level.clone().or_else(|| env::var("RUST_LOG").ok());
    telemetry::init(Format::Text, filter.as_deref().unwrap_or("warn")).map_err(Error::Log)?;
    let runtime = runtime::Builder::new_multi_thread().enable_all().build();
    runtime.map_err(Error::Start)?.block_on(serve(args))
}

async fn serve(args: &Args) -> Result<Outcome, Error> {
    let health = Health::new(&[GATE]);
    let mut registry = telemetry::registry();
    let snapshots = args.reading.watch(std::slice::from_ref(&args.dir))?;
    let certificates = Certificates::load(Source::Made {
        dir: args.cert_dir.clone().unwrap_or_else(cache),
        names: NAMES.map(str::to_owned).to_vec(),
    })?;
    let loopback = |port| command::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    let (proxy_listener, proxy_address) = loopback(args.port).await?;
    let (status_listener, status_address) = loopback(args.status_port).await?;
    let (webhook_listener, webhook_address) = loopback(args.webhook_port).await?;
    let (stand_in_listener, stand_in_address) = loopback(0).await?;

    let settings = Settings {
        drain: DRAIN,
        normalize: args.reading.normalizes(),
        stand_in: Some(stand_in_address),
        ..Settings::default()
    };
    let proxy = Proxy::start(snapshots.clone(), &settings, &mut registry, health.clone())?;
    let reviews = admission::router(snapshots.clone(), admission::Metrics::register(&mut registry));
    let stop = serve::stop(health.clone(), Duration::ZERO).map_err(Error::Start)?;
    let (stopped, stopping) = watch::channel(());
    let status = telemetry::routes(Arc::new(registry), health);
    let config = certificates.server_config()?;
    let limits = Limits {
        drain: DRAIN,
        ..Limits::default()
    };
    let threads = Workers::start(1).map_err(Error::Start)?;
    let mut tasks = JoinSet::new();
    tasks.spawn(async move { drop(axum::serve(status_listener, status).await) });
    let stand_in = StandIn::new(snapshots.clone(), args.stand_in_key.as_deref());
    tasks.spawn(async move { drop(stand_in.serve(stand_in_listener, std::future::pending()).await) });
    let webhook_stop = ended(stopping);
    let webhook = async move {
        tls::serve(webhook_listener, config, reviews, limits, threads, webhook_stop).await;
    };
    let addresses = Addresses {
        proxy: proxy_address,
        status: status_address,
        webhook: webhook_address,
        stand_in: stand_in_address,
    };
    let text = greeting(&addresses, &snapshots.borrow());
    drop(io::stdout().write_all(text.as_bytes())); // nobody may be reading
    let proxy = async move {
        proxy.serve(proxy_listener, stop).await;
        drop(stopped);
    };
    tokio::join!(proxy, webhook);
    Ok(Outcome::Clean)
}

/// Completes when the other side of the channel is dropped.
async fn ended(mut side: watch::Receiver<()>) {
    while side.changed().await.is_ok() {}
}

/// Where the certificate is kept when no folder is named.
fn cache() -> PathBuf {
    let set = |name| {
        env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let cache = set("XDG_CACHE_HOME").or_else(|| Some(set("HOME")?.join(".cache")));
    cache
        .unwrap_or_else(env::temp_dir)
        .join("aliasgate")
        .join("local")
}

/// What runs where, and commands to copy.
fn greeting(addresses: &Addresses, snapshot: &Snapshot) -> String {
    let Addresses {
        proxy,
        status,
        webhook,
        stand_in,
    } = addresses;
    let (proxy, webhook) = (proxy.port(), webhook.port());
    let mut text = format!(
        "proxy      http://localhost:{proxy}\n\
         webhook    https://localhost:{webhook}/validate and /mutate\n\
         status     http://{status}/readyz?verbose and /metrics\n\
         stand-in   http://{stand_in}/v1, the provider where no key is set\n\n\
         Try, in another terminal:\n\n"
    );
    for (path, model) in examples(snapshot) {
        let model = json!(model);
        let body = format!(r#"{{"model":{model},"messages":[{{"role":"user","content":"hi"}}]}}"#);
        let _infallible = writeln!(text, "  curl localhost:{proxy}{path} -H '{JSON}' -d '{body}'\n");
    }
    let _infallible = writeln!(
        text,
        "  curl -k https://localhost:{webhook}/validate -H '{JSON}' -d '{}'\n",
        refused()
    );
    text.push_str("Ctrl-C ends it.\n");
    text
}

/// The header that curl does not set by itself.
const JSON: &str = "content-type: application/json";
/// Most examples that are shown.
const EXAMPLES: usize = 2;

/// Paths and models to ask for: each path that a route names, with an alias of the backend that it leads to.
fn examples(snapshot: &Snapshot) -> Vec<(String, String)> {
    let list = |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
    let mut found = Vec::new();
    for route in snapshot.all(Kind::HttpRoute) {
        for rule in list(route.value().pointer("/spec/rules")) {
            let path = rule.pointer("/matches/0/path/value").and_then(Value::as_str);
            let backend = rule.pointer("/backendRefs/0/name").and_then(Value::as_str);
            let key = Key::new(&route.key.namespace, backend.unwrap_or_default());
            let aliases = aliases(snapshot, &key);
            let turn = found.len();
            if let Some(alias) = aliases.get(turn % aliases.len().max(1)) {
                let path = path.filter(|path| *path != "/").unwrap_or(CHAT);
                found.push((path.to_owned(), alias.clone()));
            }
        }
    }
    if found.is_empty() {
        let keys = snapshot.all(Kind::Backend).map(|backend| &backend.key);
        let all = keys.flat_map(|key| aliases(snapshot, key));
        found = all.map(|alias| (CHAT.to_owned(), alias)).collect();
    }
    found.truncate(EXAMPLES);
    found
}

/// OpenAI's own path.
const CHAT: &str = "/v1/chat/completions";

/// The aliases of a backend that are no wildcards and that a shell leaves alone.
fn aliases(snapshot: &Snapshot, key: &Key) -> Vec<String> {
    let plain = |key: &&str| !key.contains(['*', '\'']);
    let sites = snapshot
        .get(Kind::Backend, key)
        .into_iter()
        .flat_map(|backend| backend.sites());
    let keys = sites.flat_map(|site| site.table.iter().map(|(key, _)| key));
    keys.filter(plain).map(str::to_owned).collect()
}

/// A review that is refused: a target with a slip.
fn refused() -> Value {
    let backend = json!({
        "apiVersion": "agentgateway.dev/v1alpha1", "kind": "AgentgatewayBackend", "metadata": {"name": "openai"},
        "spec": {
            "ai": {"provider": {"openai": {}}},
            "policies": {"ai": {"modelAliases": {"smart": "gpt-4-turbbo"}}},
        },
    });
    let kind = json!({"group": "agentgateway.dev", "version": "v1alpha1", "kind": "AgentgatewayBackend"});
    json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "request": {"uid": "1", "kind": kind, "operation": "CREATE", "object": backend},
    })
}
