//! What is in `manifests/` can be applied.

use std::{env, path::Path};

use crate::{Test, World};

pub(crate) const TESTS: &[Test] = &[(
    "the_base_passes_a_server_side_dry_run",
    the_base_passes_a_server_side_dry_run,
)];

/// `manifests/base`, as `kubectl kustomize` prints it.
pub(crate) fn base(world: &World) -> String {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("manifests/base");
    world
        .cluster
        .kubectl(&["kustomize", &dir.display().to_string()])
        .expect_ok()
        .out
        .clone()
}

fn the_base_passes_a_server_side_dry_run(world: &World) {
    // A dry run does not make the namespace that the rest lies in, and the real one has a Service for these tests.
    let namespace = world.cluster.namespace("base").name;
    let base = base(world).replace("aliasgate-system", &namespace);
    let said = world.cluster.kubectl_with(
        &["apply", "--dry-run=server", "--validate=strict", "-f", "-"],
        &base,
    );
    said.expect_ok();
    assert!(
        said.warnings()
            .iter()
            .all(|warning| warning.contains("last-applied-configuration")),
        "{}",
        said.text()
    );
    for kind in [
        "namespace",
        "serviceaccount",
        "deployment.apps",
        "service",
        "mutatingwebhookconfiguration",
        "validatingwebhookconfiguration",
    ] {
        said.expect_says(kind);
    }
}
