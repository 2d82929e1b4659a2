//! How much a fault weighs in the end: the admin's levels, then exemptions, which only lower.

use crate::engine::{
    Code, Diagnostic, Enforcement, Key, Kind, Resource, Severity, diagnostic::quote, snapshot::View,
};

/// Annotation of an object: codes, apart by commas, that are warnings there instead of errors.
pub const ALLOW: &str = "aliasgate.dev/allow";

/// Label of a namespace: `deny` (all as it is), `warn` (no error), `audit` (notes only). It counts before what the admin
/// lets hold everywhere ([`Severities::enforce`](crate::engine::Severities::enforce)).
pub const ENFORCEMENT: &str = "aliasgate.dev/enforcement";

/// The levels that hold for one resource.
pub(super) struct Levels<'a> {
    view: View<'a>,
    /// Codes that the object's annotation allows.
    allowed: Vec<Code>,
    /// What becomes of errors in the object's namespace.
    enforcement: Enforcement,
    /// Whether the namespace says so itself.
    labelled: bool,
    /// Faults of the exemptions themselves.
    faults: Vec<Diagnostic>,
}

impl<'a> Levels<'a> {
    pub(super) fn of(view: View<'a>, resource: &Resource) -> Self {
        let mut levels = Self {
            view,
            allowed: Vec::new(),
            enforcement: view.snapshot.severities().enforcement(),
            labelled: false,
            faults: Vec::new(),
        };
        if view.snapshot.allows_annotation()
            && let Some(codes) = annotation(resource)
        {
            levels.allow(codes);
        }
        let namespace = view.get(Kind::Namespace, &Key::new("", &resource.key.namespace));
        let labels = namespace.and_then(|namespace| namespace.at("/metadata/labels"));
        let label = labels
            .and_then(|labels| labels.get(ENFORCEMENT))
            .and_then(|value| value.as_str()?.parse().ok());
        if let Some(enforcement) = label {
            levels.enforcement = enforcement;
            levels.labelled = true;
        }
        levels
    }

    fn allow(&mut self, codes: &str) {
        for name in codes.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            match name.parse() {
                Ok(code) => self.allowed.push(code),
                Err(_) => {
                    let pointer = crate::engine::pointer::join("/metadata/annotations", ALLOW);
                    let message = format!("{} is no code, so it allows nothing", quote(name));
                    self.faults.push(
                        Diagnostic::new(Code::AllowUnknown, pointer, Some(name), message)
                            .help("write codes as they stand in brackets behind a message, apart by commas"),
                    );
                }
            }
        }
    }

    /// The faults of the exemptions themselves, at their own levels.
    pub(super) fn own_faults(&mut self) -> Vec<Diagnostic> {
        let faults = std::mem::take(&mut self.faults);
        faults.into_iter().filter_map(|fault| self.apply(fault)).collect()
    }

    /// `fault` as it weighs here; `None` when its code is off.
    pub(super) fn apply(&self, mut fault: Diagnostic) -> Option<Diagnostic> {
        fault.severity = self.view.snapshot.severities().of(fault.code, fault.severity)?;
        if fault.severity == Severity::Error && self.allowed.contains(&fault.code) {
            fault.severity = Severity::Warning;
            fault.lowered = Some(format!("allowed by the annotation {ALLOW}"));
        }
        if fault.severity > self.enforcement.heaviest() {
            fault.severity = self.enforcement.heaviest();
            let value = self.enforcement.as_str();
            fault.lowered = Some(if self.labelled {
                format!("not refused in a namespace with {ENFORCEMENT}={value}")
            } else {
                format!("not refused with --enforcement={value}")
            });
        }
        Some(fault)
    }
}

fn annotation(resource: &Resource) -> Option<&str> {
    resource.at("/metadata/annotations")?.get(ALLOW)?.as_str()
}
