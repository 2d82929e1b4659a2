//! The CRDs, the webhooks and their manifests on a real kube-apiserver, driven by the real kubectl.
//!
//! `tests/run` builds the tools and names their folder in `ALIASGATE_KUBE_TOOLS`. Without it every test is ignored,
//! and the reason is printed. One test alone:
//!
//! ```sh
//! ALIASGATE_KUBE_TOOLS=$(tests/apiserver/build-tools) cargo test --test apiserver the_seed
//! ```

#![expect(
    clippy::panic,
    clippy::print_stdout,
    reason = "this is a test, though clippy cannot see it"
)]

mod api;
mod catalogs;
mod certs;
mod cluster;
mod controller;
#[path = "corpus/mod.rs"]
mod corpus;
mod crds;
mod failures;
mod follower;
mod golden;
mod manifests;
#[path = "../manifests/mod.rs"]
mod manifests_checks;
mod others;
mod process;
mod proxy;
mod rotation;
mod said;
mod verdicts;
mod watches;
mod webhook;
mod workplaces;
mod writes;

use std::{
    env,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use libtest_mimic::{Arguments, Trial};

use cluster::Cluster;
use webhook::Webhook;

/// What every test can use.
pub(crate) struct World {
    /// The API server, with our CRDs and the registered webhook.
    pub(crate) cluster: Cluster,
    _webhook: Webhook,
}

/// A test's name and body.
type Test = (&'static str, fn(&World));

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let tests: Vec<Test> = [
        crds::TESTS,
        catalogs::TESTS,
        manifests::TESTS,
        writes::TESTS,
        failures::TESTS,
        proxy::TESTS,
        rotation::TESTS,
        verdicts::TESTS,
        others::TESTS,
        watches::TESTS,
        controller::TESTS,
        workplaces::TESTS,
    ]
    .concat();
    let Some(tools) = env::var_os("ALIASGATE_KUBE_TOOLS").map(PathBuf::from) else {
        println!(
            "SKIPPED: the tests on a real kube-apiserver: ALIASGATE_KUBE_TOOLS is not set; ./tests/run sets it"
        );
        let ignored = tests
            .iter()
            .map(|(name, _)| Trial::test(*name, || Ok(())).with_ignored_flag(true));
        return libtest_mimic::run(&arguments, ignored.collect()).exit_code();
    };
    if arguments.list {
        let all = tests.iter().map(|(name, _)| Trial::test(*name, || Ok(())));
        return libtest_mimic::run(&arguments, all.collect()).exit_code();
    }

    // Dropped at the end of this function, after the last test: its processes end with it.
    let world = Arc::new(World::new(&tools));
    let trials = tests.into_iter().map(|(name, test)| {
        let world = Arc::clone(&world);
        Trial::test(name, move || {
            test(&world);
            Ok(())
        })
    });
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}

impl World {
    /// A namespace with an object that was stored before there was a webhook.
    pub(crate) const OLD: &str = "old";

    fn new(tools: &Path) -> Self {
        let cluster = Cluster::start(tools);
        crds::install(&cluster);
        cluster.kubectl(&["create", "namespace", Self::OLD]).expect_ok();
        writes::store_old_faults(&cluster.enter(Self::OLD));
        let webhook = Webhook::start();
        webhook.register(&cluster);
        Self {
            cluster,
            _webhook: webhook,
        }
    }
}
