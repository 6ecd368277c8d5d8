//! The endpoint for all services. It serves those that run here and refuses the others, so that nothing that
//! a function calls by accident leaves the machine.

mod refusal;
mod service;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use futures::StreamExt;
use tower::ServiceExt;

use crate::aws::event::{Event, Observer};
use crate::aws::lambda::AccessKey;
use crate::aws::loopback::{Doors, EndpointError, Loopback};

/// The most bytes of a refused request's body that are read before it is answered.
const MAX_REFUSED_BYTES: usize = 16 << 20;
/// The most pairs of a service and a function that are reported.
const MAX_TOLD: usize = 1000;

/// The running endpoint.
pub(crate) struct Fence {
    server: Loopback,
}

/// The services that run here.
pub(crate) struct Served {
    pub(crate) kinesis: Router,
    pub(crate) s3: Router,
    pub(crate) lambda: Router,
}

struct Inside {
    served: Served,
    observer: Arc<dyn Observer>,
    told: Mutex<BTreeSet<(String, Option<String>)>>,
}

impl Fence {
    /// Starts on any free port.
    pub(crate) async fn start(served: Served, observer: Arc<dyn Observer>) -> Result<Self, EndpointError> {
        Ok(Self { server: Loopback::serve(0, router(served, observer), Doors::buckets(Vec::new())).await? })
    }

    /// The value of `AWS_ENDPOINT_URL` for a function.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.server.address())
    }

    pub(crate) async fn shutdown(self) {
        self.server.shutdown().await;
    }
}

fn router(served: Served, observer: Arc<dyn Observer>) -> Router {
    let inside = Inside { served, observer, told: Mutex::default() };
    Router::new().fallback(answer).with_state(Arc::new(inside))
}

async fn answer(State(inside): State<Arc<Inside>>, request: Request) -> Response<Body> {
    let service = service::of(&request);
    let router = match service.as_deref() {
        Some("kinesis") => &inside.served.kinesis,
        Some("s3") => &inside.served.s3,
        Some("lambda") => &inside.served.lambda,
        _ => return inside.refuse(service.unwrap_or_else(|| "an unknown service".to_owned()), request).await,
    };
    router.clone().oneshot(request).await.unwrap_or_else(|never| match never {})
}

impl Inside {
    async fn refuse(&self, service: String, request: Request) -> Response<Body> {
        let function = AccessKey::of(request.headers()).map(|key| key.function);
        let refusal = refusal::of(&service, request.headers());
        self.tell(service, function);
        read_away(request.into_body()).await;
        refusal
    }

    /// Reports it once for each service and function.
    fn tell(&self, service: String, function: Option<String>) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.len() < MAX_TOLD && told.insert((service.clone(), function.clone())) {
            let function = function.map(Into::into);
            self.observer.on(Event::Fenced { service, function });
        }
    }
}

/// A client that still sends when its connection is closed does not see the answer, so the body is read
/// first.
async fn read_away(body: Body) {
    let (mut body, mut bytes) = (body.into_data_stream(), 0);
    while let Some(Ok(part)) = body.next().await {
        bytes += part.len();
        if bytes > MAX_REFUSED_BYTES {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::any;
    use http::StatusCode;

    #[derive(Default)]
    struct Fenced(Mutex<Vec<String>>);

    impl Observer for Fenced {
        fn on(&self, event: Event) {
            if let Event::Fenced { service, function } = event {
                self.0
                    .lock()
                    .unwrap()
                    .push(format!("{service} by {}", function.as_deref().unwrap_or("nobody")));
            }
        }
    }

    fn signed(service: &str, key: &str) -> Request {
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={key}/20260101/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=0"
        );
        Request::post("/").header("authorization", authorization).body(Body::from("{}")).unwrap()
    }

    #[tokio::test]
    async fn what_runs_here_is_served_and_all_else_is_refused_and_told_once() {
        let fenced = Arc::new(Fenced::default());
        let here = |name: &'static str| Router::new().fallback(any(async move || name));
        let router = router(
            Served { kinesis: here("kinesis"), s3: here("s3"), lambda: here("lambda") },
            Arc::clone(&fenced) as _,
        );
        for (service, key, status) in [
            ("kinesis", "LOCAL-1-F", StatusCode::OK),
            ("s3", "any", StatusCode::OK),
            ("lambda", "any", StatusCode::OK),
            ("sqs", "LOCAL-1-F", StatusCode::NOT_IMPLEMENTED),
            ("sqs", "LOCAL-2-F", StatusCode::NOT_IMPLEMENTED),
            ("sqs", "LOCAL-1-G", StatusCode::NOT_IMPLEMENTED),
            ("dynamodb", "any", StatusCode::NOT_IMPLEMENTED),
        ] {
            let response = router.clone().oneshot(signed(service, key)).await.unwrap();
            assert_eq!(response.status(), status, "{service}");
        }
        assert_eq!(*fenced.0.lock().unwrap(), ["sqs by F", "sqs by G", "dynamodb by nobody"]);
    }
}
