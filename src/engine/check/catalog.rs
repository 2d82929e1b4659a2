//! Faults of a ModelCatalog: its own, and where it disagrees with others.

use std::collections::BTreeMap;

use crate::engine::{
    Code, Diagnostic, Kind, Resource,
    catalog::{
        ModelCatalog,
        manifest::{Entry, Merge},
    },
    diagnostic::{Related, quote},
    snapshot::View,
};

/// Most models of one catalog that are said to be described otherwise by another.
const MAX_MODELS: usize = 10;

/// Appends the faults of `resource`, where it is a catalog.
pub(super) fn check(view: View<'_>, resource: &Resource, faults: &mut Vec<Diagnostic>) {
    if resource.kind != Kind::ModelCatalog {
        return;
    }
    faults.extend(ModelCatalog::read(resource.value()).1);
    let Some(catalog) = resource.catalog() else { return };
    // The first in the order of names wins, so the later one is told.
    let others = view
        .all(Kind::ModelCatalog)
        .filter(|other| other.key < resource.key);
    for other in others.filter_map(Resource::catalog) {
        let together = catalog.provider == other.provider && catalog.is_live() == other.is_live();
        if together && catalog.selector.meets(&other.selector) {
            settings(catalog, other, faults);
            models(catalog, other, faults);
        }
    }
}

/// Fields that have one value where both catalogs speak.
fn settings(catalog: &ModelCatalog, other: &ModelCatalog, faults: &mut Vec<Diagnostic>) {
    let differ = |a: Option<bool>| a == Some(true);
    let rows = [
        (
            "merge",
            catalog.merge == Merge::Replace && other.merge == Merge::Replace,
        ),
        (
            "unknownModels",
            differ(catalog.unknown.zip(other.unknown).map(|(a, b)| a != b)),
        ),
        (
            "retiredModels",
            differ(catalog.retired.zip(other.retired).map(|(a, b)| a != b)),
        ),
        (
            "warnBeforeRetirement",
            differ(catalog.notice.zip(other.notice).map(|(a, b)| a != b)),
        ),
    ];
    for (field, _) in rows.iter().filter(|(_, conflict)| *conflict) {
        let what = if *field == "merge" {
            "replaces all others too, so this one does not count where both speak".to_owned()
        } else {
            format!("sets {field} to something else, which counts where both speak")
        };
        let message = format!("the ModelCatalog {} {what}", other.name);
        let help =
            "choose other places for one of them, or let them agree: the first in the order of names wins";
        let pointer = format!("/spec/{field}");
        faults.push(conflict(pointer.clone(), None, message, help, other, pointer));
    }
}

/// Models of which both catalogs say something, but not the same.
fn models(catalog: &ModelCatalog, other: &ModelCatalog, faults: &mut Vec<Diagnostic>) {
    let theirs: BTreeMap<_, _> = other
        .models
        .iter()
        .enumerate()
        .map(|(at, entry)| (entry.id.as_ref(), (at, entry)))
        .collect();
    let mut told = 0;
    for (at, entry) in catalog.models.iter().enumerate() {
        let Some((their_at, their)) = theirs.get(entry.id.as_ref()) else {
            continue;
        };
        let Some(field) = disagreement(entry, their) else {
            continue;
        };
        told += 1;
        if told > MAX_MODELS {
            return;
        }
        let message = format!(
            "{} has another {field} in the ModelCatalog {}, which counts where both speak",
            quote(&entry.id),
            other.name
        );
        let help = "keep one of the entries, or let them agree: the first in the order of names wins";
        let theirs = format!("/spec/models/{their_at}");
        let pointer = format!("/spec/models/{at}/id");
        faults.push(conflict(pointer, Some(&entry.id), message, help, other, theirs));
    }
}

/// The first field that both entries set, to different values.
fn disagreement(a: &Entry, b: &Entry) -> Option<&'static str> {
    fn differ<T: PartialEq>(a: Option<&T>, b: Option<&T>) -> bool {
        a.zip(b).is_some_and(|(a, b)| a != b)
    }
    let (x, y) = (a.lifecycle.as_ref(), b.lifecycle.as_ref());
    let rows = [
        (
            "resolvesTo",
            differ(a.resolves_to.as_ref(), b.resolves_to.as_ref()),
        ),
        ("mode", differ(a.modes.first(), b.modes.first())),
        (
            "state",
            differ(
                x.and_then(|life| life.state.as_ref()),
                y.and_then(|life| life.state.as_ref()),
            ),
        ),
        (
            "day of retirement",
            differ(
                x.and_then(|life| life.retires.as_ref()),
                y.and_then(|life| life.retires.as_ref()),
            ),
        ),
        (
            "successor",
            differ(
                x.and_then(|life| life.successor.as_ref()),
                y.and_then(|life| life.successor.as_ref()),
            ),
        ),
    ];
    rows.iter().find(|row| row.1).map(|row| row.0)
}

fn conflict(
    pointer: String,
    value: Option<&str>,
    message: String,
    help: &str,
    other: &ModelCatalog,
    theirs: String,
) -> Diagnostic {
    let mut fault = Diagnostic::new(Code::CatalogConflict, pointer, value, message).help(help);
    fault.related.push(Related {
        object: format!("{} {}", Kind::ModelCatalog.as_str(), other.name),
        pointer: theirs,
    });
    fault
}
