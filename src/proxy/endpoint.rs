//! The providers of a backend as places to send requests to.

use std::{net::SocketAddr, sync::Arc};

use hyper::{
    HeaderMap, Uri,
    header::{HeaderName, HeaderValue},
    http::uri::{Authority, PathAndQuery, Scheme},
};
use serde_json::Value;

use super::{
    answer::Refusal,
    credential::{self, Credential},
    paths,
    route_type::RouteType,
};
use crate::engine::{Key, Provider, Resource, Snapshot, diagnostic::quote, resource::Target};

/// Azure OpenAI's domain and Foundry's.
const AZURE_DOMAINS: [&str; 2] = [".openai.azure.com", ".services.ai.azure.com"];
const ANTHROPIC_VERSION: (HeaderName, HeaderValue) = (
    HeaderName::from_static("anthropic-version"),
    HeaderValue::from_static("2023-06-01"),
);

/// A provider's API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Vendor {
    OpenAi,
    Azure(Azure),
    Anthropic,
    Gemini,
    VertexAi {
        project: String,
        region: String,
    },
    Bedrock {
        region: String,
    },
    /// The formats that it speaks, each with its path where that is not the usual one.
    Custom(Vec<(RouteType, Option<String>)>),
}

/// A resource of Azure OpenAI or of Foundry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Azure {
    host: String,
    /// The Foundry project; `None` for Azure OpenAI.
    pub(crate) project: Option<String>,
    /// `v1`, `preview` or a date.
    pub(crate) version: String,
}

/// How the path at the provider is found.
#[derive(Debug, Clone, PartialEq, Eq)]
enum PathRule {
    /// `path`: this one, and the client's query is dropped.
    Fixed(String),
    /// A host of the user's own: the client's path.
    Client,
    /// That of the provider's API, under `pathPrefix` where there is one.
    Vendor(Option<String>),
}

/// One provider of a backend.
#[derive(Debug)]
pub(crate) struct Endpoint {
    /// The name in `groups`, or that of the single form.
    pub(crate) name: String,
    vendor: Vendor,
    scheme: Scheme,
    authority: Authority,
    path: PathRule,
    credential: Credential,
    /// The Secret that the credential comes from.
    pub(crate) secret: Option<Key>,
    /// Why nothing can be sent there.
    closed: Option<String>,
    /// What the stand-in provider wants before the path: whose part it plays.
    part: Option<&'static str>,
}

/// The endpoints of `backend`, in the order in which they are tried, or why it cannot be served.
pub(crate) fn all(
    snapshot: &Snapshot,
    backend: &Resource,
    stand_in: Option<SocketAddr>,
) -> Result<Vec<Arc<Endpoint>>, String> {
    if backend.value().pointer("/spec/ai").is_none() {
        return Err("only backends with spec.ai are served".into());
    }
    let endpoints: Vec<_> = backend
        .targets()
        .iter()
        .map(|target| Endpoint::new(snapshot, backend, target, stand_in).map(Arc::new))
        .collect::<Result<_, _>>()?;
    if endpoints.is_empty() {
        Err("spec.ai has no provider".into())
    } else {
        Ok(endpoints)
    }
}

fn text<'a>(value: &'a Value, field: &str) -> Option<&'a str> {
    value
        .get(field)
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty())
}

impl Endpoint {
    fn new(
        snapshot: &Snapshot,
        backend: &Resource,
        target: &Target,
        stand_in: Option<SocketAddr>,
    ) -> Result<Self, String> {
        let provider = backend.value().pointer(&target.pointer).unwrap_or(&Value::Null);
        let (vendor, config) = Vendor::of(provider)?;
        // A provider's own policy counts before the backend's, field by field.
        let policy = |field: &str| {
            let of_all = backend.value().pointer("/spec/policies");
            let layers = [provider.get("policies"), of_all];
            let mut found = layers.into_iter().filter_map(|policies| policies?.get(field));
            found.find(|value| !value.is_null())
        };
        let key = &backend.key;
        let host = own_host(provider, config, &key.namespace)?;
        let tls = policy("tls");
        let plain = host.is_some() && tls.is_none();
        let credential = Credential::new(snapshot, &key.namespace, policy("auth"), &vendor);
        let path = match (text(provider, "path"), text(provider, "pathPrefix")) {
            (Some(path), _) => PathRule::Fixed(rooted(path)),
            (None, Some(prefix)) => PathRule::Vendor(Some(rooted(prefix).trim_end_matches('/').to_owned())),
            (None, None) if host.is_some() && !matches!(vendor, Vendor::Custom(_)) => PathRule::Client,
            (None, None) => PathRule::Vendor(None),
        };
        let mut endpoint = Self {
            name: target.name.clone(),
            scheme: if plain { Scheme::HTTP } else { Scheme::HTTPS },
            authority: authority(&host.clone().unwrap_or_else(|| vendor.host()))?,
            closed: closed(&vendor, &credential, host.is_some(), tls),
            vendor,
            path,
            credential,
            secret: credential::secret(&key.namespace, policy("auth")),
            part: None,
        };
        if let Some(address) = stand_in {
            endpoint.lead_to(address, host.is_some());
        }
        let guards = ["moderation", "guardrail"];
        let guard = guards.into_iter().find(|guard| config.get(guard).is_some());
        endpoint.closed = guard.map(unguarded).or(endpoint.closed);
        Ok(endpoint)
    }

    /// Sends to the stand-in provider what could not be answered otherwise: no credential for a public API. It sees
    /// the client's own key, as the real one would where the client calls it.
    fn lead_to(&mut self, address: SocketAddr, own_host: bool) {
        let keyless = matches!(self.credential, Credential::None | Credential::Unsupported(_)) && !own_host;
        if !keyless && !matches!(self.credential, Credential::Missing(_)) {
            return;
        }
        if let Ok(authority) = authority(&address.to_string()) {
            self.authority = authority;
            self.scheme = Scheme::HTTP;
            self.credential = Credential::Passthrough;
            self.closed = None;
            self.part = Some(self.vendor.as_str());
        }
    }

    /// Where a request goes: the URI at the provider.
    pub(crate) fn uri(
        &self,
        route_type: RouteType,
        path: &str,
        query: Option<&str>,
        model: &str,
    ) -> Result<Uri, Refusal> {
        if let Some(why) = &self.closed {
            return Err(Refusal::unsupported(why.clone()));
        }
        if let Credential::Missing(what) = &self.credential {
            let message = format!("the backend has no credential: {what}");
            return Err(Refusal::new(
                hyper::StatusCode::SERVICE_UNAVAILABLE,
                "credential_missing",
                message,
            ));
        }
        let (path, query) = match &self.path {
            PathRule::Fixed(path) => (Some(path.clone()), None),
            PathRule::Client => (paths::kept(path, route_type, model), query),
            PathRule::Vendor(prefix) => (
                paths::at(&self.vendor, prefix.as_deref(), route_type, path, model),
                query,
            ),
        };
        let Some(mut path) = path else {
            return Err(self.no_path(route_type));
        };
        if let Some(part) = self.part {
            path = format!("/{part}{path}");
        }
        if let Some(query) = query {
            path.push(if path.contains('?') { '&' } else { '?' });
            path.push_str(query);
        }
        let built = PathAndQuery::from_maybe_shared(path)
            .map_err(|_| ())
            .and_then(|path| {
                let uri = Uri::builder()
                    .scheme(self.scheme.clone())
                    .authority(self.authority.clone());
                uri.path_and_query(path).build().map_err(|_| ())
            });
        built.map_err(|()| {
            Refusal::new(
                hyper::StatusCode::BAD_REQUEST,
                "invalid_path",
                "the path is not a valid URI",
            )
        })
    }

    fn no_path(&self, route_type: RouteType) -> Refusal {
        let (vendor, format) = (self.vendor.as_str(), route_type.as_str());
        Refusal::unsupported(format!(
            "{vendor} has no endpoint that takes {format} requests as they are, and this proxy does not translate \
             between formats; call it with a client of its own format and set policies.ai.routes for that path"
        ))
    }

    /// Puts the credential and what else the provider wants into `headers`.
    pub(crate) fn sign(&self, headers: &mut HeaderMap, route_type: RouteType) {
        self.credential.apply(headers, &self.vendor, route_type);
        let foundry_claude = matches!(self.vendor, Vendor::Azure(_))
            && matches!(route_type, RouteType::Messages | RouteType::AnthropicTokenCount);
        if self.vendor == Vendor::Anthropic || foundry_claude {
            let (name, value) = ANTHROPIC_VERSION;
            headers.insert(name, value);
        }
    }

    /// Host and port, for messages.
    pub(crate) fn authority(&self) -> &str {
        self.authority.as_str()
    }

    /// Where requests go, and what keeps them from being sent, if anything.
    pub(crate) fn note(&self) -> String {
        let place = format!("provider {} at {}", self.name, self.authority);
        match (&self.closed, &self.credential) {
            (Some(why), _) | (None, Credential::Missing(why)) => format!("{place}: {why}"),
            _ => place,
        }
    }
}

/// Why nothing is sent where a guard is set that this proxy does not know.
pub(crate) fn unguarded(guard: &str) -> String {
    format!("{guard} is not supported by this proxy, and requests must not pass without it")
}

/// Why nothing can be sent, where that is certain before any request.
fn closed(vendor: &Vendor, credential: &Credential, own_host: bool, tls: Option<&Value>) -> Option<String> {
    if let Credential::Unsupported(what) = credential {
        return Some(format!("{what} by this proxy; use key, secretRef or passthrough"));
    }
    let cloud = match vendor {
        Vendor::Azure(_) => Some("Azure's managed identities"),
        Vendor::VertexAi { .. } => Some("Google's default credentials"),
        Vendor::Bedrock { .. } => Some("AWS credentials with SigV4"),
        _ => None,
    };
    if let Some(cloud) = cloud.filter(|_| *credential == Credential::None && !own_host) {
        return Some(format!(
            "{cloud} are not supported by this proxy; set policies.auth with a key or a Secret"
        ));
    }
    let settings = tls.and_then(Value::as_object).into_iter().flatten();
    let fields: Vec<_> = settings
        .filter(|(_, value)| !value.is_null())
        .map(|(field, _)| field.as_str())
        .collect();
    if fields.is_empty() {
        return None;
    }
    let fields = fields.join(", ");
    Some(format!(
        "policies.tls with {fields} is not supported by this proxy; an empty tls uses the public roots"
    ))
}

impl Vendor {
    /// The vendor of `provider`, and the field with its settings.
    fn of(provider: &Value) -> Result<(Self, &Value), String> {
        let find = |name: &'static str| provider.get(name).filter(|value| !value.is_null());
        if let Some(config) = find("openai") {
            return Ok((Self::OpenAi, config));
        }
        if let Some(config) = find("anthropic") {
            return Ok((Self::Anthropic, config));
        }
        if let Some(config) = find("gemini") {
            return Ok((Self::Gemini, config));
        }
        if let Some(config) = find("azure").or_else(|| find("azureopenai")) {
            return Ok((Self::Azure(Azure::new(config)), config));
        }
        if let Some(config) = find("vertexai") {
            let project = text(config, "projectId").unwrap_or_default().to_owned();
            return Ok((
                Self::VertexAi {
                    project,
                    region: text(config, "region").unwrap_or("global").into(),
                },
                config,
            ));
        }
        if let Some(config) = find("bedrock") {
            return Ok((
                Self::Bedrock {
                    region: text(config, "region").unwrap_or("us-east-1").into(),
                },
                config,
            ));
        }
        if let Some(config) = find("custom") {
            let formats = config
                .get("formats")
                .and_then(Value::as_array)
                .into_iter()
                .flatten();
            let formats = formats.filter_map(|format| {
                Some((
                    RouteType::named(text(format, "type")?)?,
                    text(format, "path").map(rooted),
                ))
            });
            return Ok((Self::Custom(formats.collect()), config));
        }
        Err("the provider is none that this proxy knows".into())
    }

    /// The host of the public API.
    fn host(&self) -> String {
        match self {
            Self::OpenAi => "api.openai.com".into(),
            Self::Anthropic => "api.anthropic.com".into(),
            Self::Gemini => "generativelanguage.googleapis.com".into(),
            Self::Azure(azure) => azure.host.clone(),
            Self::VertexAi { region, .. } => match region.as_str() {
                "global" => "aiplatform.googleapis.com".into(),
                "us" | "eu" => format!("aiplatform.{region}.rep.googleapis.com"),
                region => format!("{region}-aiplatform.googleapis.com"),
            },
            Self::Bedrock { region } => format!("bedrock-runtime.{region}.amazonaws.com"),
            Self::Custom(_) => String::new(), // a host is required, and `authority` says so
        }
    }

    const fn as_str(&self) -> &'static str {
        match self {
            Self::OpenAi => Provider::OpenAi.as_str(),
            Self::Azure(_) => Provider::Azure.as_str(),
            Self::Anthropic => Provider::Anthropic.as_str(),
            Self::Gemini => Provider::Gemini.as_str(),
            Self::VertexAi { .. } => Provider::VertexAi.as_str(),
            Self::Bedrock { .. } => Provider::Bedrock.as_str(),
            Self::Custom(_) => "custom",
        }
    }
}

impl Azure {
    /// From the field `azure`, or from the older `azureopenai`, whose endpoint says what the resource is.
    fn new(config: &Value) -> Self {
        let version = text(config, "apiVersion").unwrap_or("v1").to_owned();
        let foundry = text(config, "resourceType") == Some("Foundry");
        let project = text(config, "projectName").filter(|_| foundry).map(str::to_owned);
        let host = match (
            text(config, "endpoint"),
            text(config, "resourceName").unwrap_or_default(),
        ) {
            (Some(host), _) if AZURE_DOMAINS.iter().any(|domain| host.ends_with(domain)) => host.to_owned(),
            (Some(resource), _) => format!("{resource}{}", AZURE_DOMAINS[0]),
            (None, resource) => format!("{resource}{}", AZURE_DOMAINS[usize::from(foundry)]),
        };
        Self {
            host,
            project,
            version,
        }
    }
}

/// `host:port` of the user's own choice, if any; a `backendRef` is a Service of the cluster.
fn own_host(provider: &Value, config: &Value, namespace: &str) -> Result<Option<String>, String> {
    let port = |value: &Value| value.get("port").and_then(Value::as_u64);
    if let Some(reference) = config.get("backendRef").filter(|reference| !reference.is_null()) {
        if text(reference, "kind").is_some_and(|kind| kind != "Service") {
            return Err("custom.backendRef is supported for a Service only".into());
        }
        if text(reference, "namespace").is_some_and(|other| other != namespace) {
            return Err("custom.backendRef must name a Service in the namespace of the backend".into());
        }
        let (Some(name), Some(port)) = (text(reference, "name"), port(reference)) else {
            return Err("custom.backendRef needs name and port".into());
        };
        return Ok(Some(format!("{name}.{namespace}.svc:{port}")));
    }
    let Some(host) = text(provider, "host") else {
        return Ok(None);
    };
    let bare_ipv6 = host.contains(':') && !host.starts_with('[');
    let host = if bare_ipv6 {
        format!("[{host}]")
    } else {
        host.to_owned()
    };
    Ok(Some(
        port(provider).map_or_else(|| host.clone(), |port| format!("{host}:{port}")),
    ))
}

fn authority(host: &str) -> Result<Authority, String> {
    let parsed: Result<Authority, _> = host.parse();
    parsed
        .ok()
        .filter(|a| !a.host().is_empty() && !host.contains('@'))
        .ok_or_else(|| format!("{} is no host name", quote(host)))
}

fn rooted(path: &str) -> String {
    if path.starts_with('/') {
        path.to_owned()
    } else {
        format!("/{path}")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::engine::{Catalogs, Date};

    /// Where a request of `route_type` to `path` goes with this provider, for the model `m/1`.
    fn uri(provider: &Value, route_type: RouteType, path: &str) -> String {
        let backend = Resource::new(json!({
            "apiVersion": "agentgateway.dev/v1alpha1", "kind": "AgentgatewayBackend",
            "metadata": {"name": "b", "namespace": "ns"},
            "spec": {"ai": {"provider": provider}, "policies": {"auth": {"key": "k"}}},
        }));
        let backend = backend.expect("a backend");
        let snapshot = Snapshot::build(Arc::new(Catalogs::default()), [], Date::constant(2026, 11, 23));
        let endpoints = match all(&snapshot, &backend, None) {
            Ok(endpoints) => endpoints,
            Err(why) => return why,
        };
        match endpoints[0].uri(route_type, path, Some("q=1"), "m/1") {
            Ok(uri) => uri.to_string(),
            Err(refusal) => refusal.code.to_owned(),
        }
    }

    #[test]
    fn requests_go_to_the_endpoint_of_their_own_format() {
        use RouteType::{
            AnthropicTokenCount, Completions, Embeddings, GeminiCountTokens, GenerateContent, Messages,
            Models, Passthrough, Realtime, Rerank, Responses,
        };
        const NATIVE: &str = "/v1/models/x:generateContent";
        let azure = |version: &str| json!({"azure": {"resourceName": "r", "resourceType": "OpenAI", "apiVersion": version}});
        let foundry = json!({"azure": {"resourceName": "r", "resourceType": "Foundry", "projectName": "p"}});
        let older = |endpoint: &str| json!({"azureopenai": {"endpoint": endpoint, "deploymentName": "d"}});
        let vertex = |region: &str| json!({"vertexai": {"projectId": "p", "region": region}});
        let service = json!({"custom": {"formats": [{"type": "Messages"}], "backendRef": {"name": "vllm", "port": 8000}}});
        let (openai, anthropic) = (json!({"openai": {}}), json!({"anthropic": {}}));
        let (gemini, bedrock) = (json!({"gemini": {}}), json!({"bedrock": {"region": "eu-west-1"}}));
        #[rustfmt::skip]
        let table = [
            (&openai, Completions, "/x", "https://api.openai.com/v1/chat/completions?q=1"),
            (&openai, Responses, "/x", "https://api.openai.com/v1/responses?q=1"),
            (&openai, Embeddings, "/x", "https://api.openai.com/v1/embeddings?q=1"),
            (&openai, Rerank, "/x", "https://api.openai.com/v1/rerank?q=1"),
            (&openai, Models, "/v1/models", "https://api.openai.com/v1/models?q=1"),
            (&openai, Passthrough, "/v1/files/1", "https://api.openai.com/v1/files/1?q=1"),
            (&openai, Realtime, "/v1/realtime", "not_supported"),
            (&openai, Messages, "/v1/messages", "not_supported"),
            (&anthropic, Messages, "/x", "https://api.anthropic.com/v1/messages?q=1"),
            (&anthropic, AnthropicTokenCount, "/x", "https://api.anthropic.com/v1/messages/count_tokens?q=1"),
            (&anthropic, Completions, "/x", "https://api.anthropic.com/v1/chat/completions?q=1"),
            (&anthropic, Embeddings, "/x", "not_supported"),
            (&gemini, Completions, "/x", "https://generativelanguage.googleapis.com/v1beta/openai/chat/completions?q=1"),
            (&gemini, GenerateContent, "/a/tunedModels/x:go", "https://generativelanguage.googleapis.com/v1beta/tunedModels/m%2F1:go?q=1"),
            (&gemini, GeminiCountTokens, "/x", "not_supported"),
            (&azure("v1"), Completions, "/x", "https://r.openai.azure.com/openai/v1/chat/completions?q=1"),
            (&azure("preview"), Embeddings, "/x", "https://r.openai.azure.com/openai/v1/embeddings?api-version=preview&q=1"),
            (&azure("2024-10-21"), Completions, "/x", "https://r.openai.azure.com/openai/deployments/m%2F1/chat/completions?api-version=2024-10-21&q=1"),
            (&azure("2024-10-21"), Responses, "/x", "https://r.openai.azure.com/openai/responses?api-version=2024-10-21&q=1"),
            (&foundry, Completions, "/x", "https://r.services.ai.azure.com/api/projects/p/openai/v1/chat/completions?q=1"),
            (&foundry, Messages, "/x", "https://r.services.ai.azure.com/anthropic/v1/messages?q=1"),
            (&older("r.openai.azure.com"), Completions, "/x", "https://r.openai.azure.com/openai/v1/chat/completions?q=1"),
            (&older("r"), Completions, "/x", "https://r.openai.azure.com/openai/v1/chat/completions?q=1"),
            (&older("https://r/"), Completions, "/x", "\"https://r/.openai.azure.com\" is no host name"),
            (&vertex("global"), Completions, "/x", "https://aiplatform.googleapis.com/v1/projects/p/locations/global/endpoints/openapi/chat/completions?q=1"),
            (&vertex("eu"), Completions, "/x", "https://aiplatform.eu.rep.googleapis.com/v1/projects/p/locations/eu/endpoints/openapi/chat/completions?q=1"),
            (&vertex("us-east5"), GenerateContent, NATIVE, "https://us-east5-aiplatform.googleapis.com/v1/projects/p/locations/us-east5/publishers/google/models/m%2F1:generateContent?q=1"),
            (&vertex("us-east5"), Messages, "/x", "not_supported"),
            (&bedrock, Completions, "/x", "https://bedrock-runtime.eu-west-1.amazonaws.com/openai/v1/chat/completions?q=1"),
            (&bedrock, Passthrough, "/model/m/converse", "https://bedrock-runtime.eu-west-1.amazonaws.com/model/m/converse?q=1"),
            (&service, Messages, "/x", "http://vllm.ns.svc:8000/v1/messages?q=1"),
            (&service, Completions, "/x", "not_supported"),
        ];
        for (provider, route_type, path, wanted) in table {
            assert_eq!(
                uri(provider, route_type, path),
                wanted,
                "{provider} {route_type:?}"
            );
        }
    }
}
