//! The page's endpoint: which requests it answers, with which headers, and how it ends.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Path as UrlPath, Request};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderValue, Method};
use tokio::task::JoinHandle;

use super::answer::Refusal;
use super::api;
use super::api::shared::Shared;
use super::assets;
use super::scene::Scene;
use super::watch::RunPhase;
use crate::aws::loopback::{Doors, EndpointError, Loopback};
use crate::options::PageOptions;

/// The port that is used if no other is asked for. If it is taken, any free port is used.
const USUAL_PORT: u16 = 4569;
/// The largest body of a request, in bytes.
const MAX_BODY_BYTES: usize = 8 << 20;
/// The header that the page's own script sends with each request that changes something. A form or a link can't send
/// it.
const OWN_HEADER: &str = "x-kinflow-page";

/// The content security policy. Only what this endpoint serves is loaded, and no text becomes script or markup.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
     require-trusted-types-for 'script'; trusted-types 'none'";

fn headers() -> [(HeaderName, &'static str); 6] {
    [
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ]
}

/// The running page.
pub(crate) struct Page {
    server: Loopback,
    shared: Arc<Shared>,
    teller: JoinHandle<()>,
}

impl Page {
    /// Begins to serve on 127.0.0.1. The page can be reached once this returns.
    pub(crate) async fn start(scene: Scene, options: &PageOptions) -> Result<Self, EndpointError> {
        let shared = Arc::new(Shared::new(scene));
        let router = router(Arc::clone(&shared), options.assets.clone());
        let server = match options.port {
            Some(port) => Loopback::serve(port, router, Doors::own_page()).await?,
            None => match Loopback::serve(USUAL_PORT, router.clone(), Doors::own_page()).await {
                Ok(server) => server,
                Err(_taken) => Loopback::serve(0, router, Doors::own_page()).await?,
            },
        };
        let teller = tokio::spawn(api::events::tell(Arc::clone(&shared)));
        Ok(Self { server, shared, teller })
    }

    /// The URL of the page.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.server.address())
    }

    /// Tells every browser that the run has ended, and answers the requests that are in progress.
    pub(crate) async fn shutdown(self) {
        self.teller.abort();
        self.shared.scene.watch.enter(RunPhase::Ended);
        api::events::tell_the_end(&self.shared).await;
        self.server.shutdown().await;
    }
}

fn router(shared: Arc<Shared>, folder: Option<PathBuf>) -> Router {
    let (index_folder, folder) = (folder.clone(), folder);
    let index = move || asset(assets::INDEX.to_owned(), index_folder);
    let named = move |UrlPath(name): UrlPath<String>| asset(name, folder);
    Router::new()
        .route("/", get(index))
        .route("/{name}", get(named))
        .route("/events", get(api::events::events))
        .nest("/api", api::router())
        .with_state(shared)
        .fallback(async || Refusal::not_found("there is nothing at this address"))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(from_fn(guard))
}

/// Answers with a file of the page. A file of a folder is read on a blocking thread.
async fn asset(name: String, folder: Option<PathBuf>) -> Response {
    let Some(folder) = folder else { return assets::answer(&name, None) };
    let read = move || assets::answer(&name, Some(Path::new(&folder)));
    crate::aws::kinesis::store::blocking(read).await
}

/// Lets only the page's own script change anything, and adds the headers to every answer.
async fn guard(request: Request, next: Next) -> Response {
    let is_read = [Method::GET, Method::HEAD].contains(request.method());
    let mut response = if is_read || is_of_the_page(request.headers()) {
        next.run(request).await
    } else {
        Refusal::forbidden(format!(
            "what changes something is a POST of application/json with the header {OWN_HEADER}: 1"
        ))
        .into_response()
    };
    for (name, value) in headers() {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

fn is_of_the_page(headers: &HeaderMap) -> bool {
    let is_json = |value: &HeaderValue| {
        value.to_str().is_ok_and(|value| value.split(';').next().map(str::trim) == Some("application/json"))
    };
    headers.get(OWN_HEADER).is_some_and(|value| value == "1")
        && headers.get(CONTENT_TYPE).is_some_and(is_json)
}
