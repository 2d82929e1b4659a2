//! Bedrock's inference profiles and the regions that can call them.

use crate::engine::suggest::GEOS;

/// Whether `id` is that of a profile which the system defines: a geography before the id of a model.
///
/// ```
/// use aliasgate::engine::catalog::is_profile;
/// assert!(is_profile("eu.amazon.nova-pro-v1:0"));
/// assert!(!is_profile("amazon.nova-pro-v1:0"));
/// ```
#[must_use]
pub fn is_profile(id: &str) -> bool {
    id.split_once('.').is_some_and(|(geo, _)| GEOS.contains(&geo))
}

/// The geography of a profile that cannot be called from `region`; `None` where it can, or where that is not known.
pub(crate) fn mismatch<'a>(id: &'a str, region: &str) -> Option<&'a str> {
    let (geo, _) = id.split_once('.').filter(|(geo, _)| GEOS.contains(geo))?;
    let gov = region.starts_with("us-gov-");
    let continent = region.split('-').next().unwrap_or_default();
    let fits = match geo {
        "us" => !gov && matches!(continent, "us" | "ca"),
        "us-gov" => gov,
        "eu" => matches!(continent, "eu" | "il"),
        "apac" => matches!(continent, "ap" | "me"),
        "jp" | "au" | "in" => continent == "ap",
        "ca" => matches!(continent, "ca" | "us"),
        _ => true,
    };
    let known = matches!(continent, "us" | "ca" | "eu" | "ap");
    (known && !fits).then_some(geo)
}

#[cfg(test)]
mod tests {
    use super::mismatch;

    #[test]
    fn a_profile_is_called_from_its_own_continent() {
        let id = "eu.anthropic.claude-sonnet-4-6";
        assert_eq!(mismatch(id, "us-east-1"), Some("eu"));
        assert_eq!(mismatch(id, "eu-west-3"), None);
        assert_eq!(mismatch("global.anthropic.claude-sonnet-4-6", "us-east-1"), None);
        assert_eq!(mismatch("us.amazon.nova-pro-v1:0", "us-gov-west-1"), Some("us"));
        assert_eq!(mismatch("amazon.nova-pro-v1:0", "eu-west-1"), None);
        assert_eq!(mismatch("apac.amazon.nova-pro-v1:0", "sa-east-1"), None);
    }
}
