//! A worker.
//!
//! Trainings keep the threads that they run on. So a worker has a runtime for its queries, and answers on another.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use datafusion::error::{DataFusionError, Result};
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion_distributed::Worker;
use futures::future::BoxFuture;
use http::{HeaderMap, Request, Response};
use http_body::{Frame, SizeHint};
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::Status;
use tonic::body::Body;
use tonic::transport::Server;
use tower::{Layer, Service};

use crate::channels::{BETWEEN_QUESTIONS, QUESTIONS, SILENCE};
use crate::hello::VERSION;
use crate::panics::{self, PanicWatch};
use crate::session::WorkerSessions;

/// What a worker may use.
#[derive(Debug, Clone, Copy, Default)]
pub struct WorkerOptions {
    /// Bytes that queries may take together; beyond it they spill to disk or fail.
    pub memory_limit: Option<usize>,
}

/// Runs parts of queries for whoever connects, on a runtime that is not the one this is called on.
///
/// Whoever connects can read every file that this process can: for trusted networks only.
///
/// # Errors
/// Where the network fails.
pub async fn serve(listener: TcpListener, options: WorkerOptions, queries: Handle) -> Result<()> {
    panics::count_from_now_on();
    let worker = Worker::from_session_builder(WorkerSessions::default())
        .with_runtime_env(runtime(options)?)
        .with_version(VERSION.as_str());
    Server::builder()
        .tcp_nodelay(true)
        .tcp_keepalive(Some(SILENCE))
        .tcp_keepalive_interval(Some(BETWEEN_QUESTIONS))
        .tcp_keepalive_retries(Some(QUESTIONS))
        .http2_adaptive_window(Some(true))
        .layer(OnRuntime { queries })
        .add_service(worker.into_worker_server())
        .serve_with_incoming(TcpListenerStream::new(listener))
        .await
        .map_err(|error| DataFusionError::External(Box::new(error)))
}

fn runtime(options: WorkerOptions) -> Result<Arc<RuntimeEnv>> {
    let mut runtime = RuntimeEnvBuilder::new();
    if let Some(bytes) = options.memory_limit {
        runtime = runtime.with_memory_pool(Arc::new(FairSpillPool::new(bytes)));
    }
    runtime.build_arc()
}

/// Runs calls on another runtime, and fails their results where there was a panic.
#[derive(Debug, Clone)]
struct OnRuntime {
    queries: Handle,
}

impl<S> Layer<S> for OnRuntime {
    type Service = Calls<S>;

    fn layer(&self, service: S) -> Calls<S> {
        Calls { service, queries: self.queries.clone() }
    }
}

#[derive(Debug, Clone)]
struct Calls<S> {
    service: S,
    queries: Handle,
}

impl<S> Service<Request<Body>> for Calls<S>
where
    S: Service<Request<Body>, Response = Response<Body>> + Clone + Send + 'static,
    S::Error: Send,
    S::Future: Send,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<Response<Body>, S::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.service.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        // The clone has not been polled to be ready; the one that was has to be called.
        let clone = self.service.clone();
        let mut service = std::mem::replace(&mut self.service, clone);
        // Whoever asks whether this worker is there is answered, whatever it does.
        if request.uri().path().ends_with("/GetWorkerInfo") {
            return Box::pin(service.call(request));
        }
        let panics = PanicWatch::begin();
        let call = self.queries.spawn(async move { service.call(request).await });
        Box::pin(async move {
            match call.await {
                Ok(response) => response
                    .map(|response| response.map(|body| Body::new(Watched { body, panics }))),
                Err(_) => Ok(panicked().into_http()),
            }
        })
    }
}

fn panicked() -> Status {
    Status::internal("a worker panicked while the query ran; its log says where")
}

/// The body of a response, which ends with an error if there was a panic since the call.
struct Watched {
    body: Body,
    /// Those since the call.
    panics: PanicWatch,
}

impl http_body::Body for Watched {
    type Data = <Body as http_body::Body>::Data;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Status>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        match frame {
            Poll::Ready(Some(Ok(frame))) if frame.is_trailers() && self.panics.saw_any() => {
                let mut trailers = HeaderMap::new();
                panicked().add_header(&mut trailers)?;
                Poll::Ready(Some(Ok(Frame::trailers(trailers))))
            }
            frame => frame,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

    use std::convert::Infallible;
    use std::future::ready;

    use http_body_util::{BodyExt, Full};
    use tower::service_fn;

    use super::*;

    /// A response that says that it is complete; a thread may have panicked before.
    fn respond(panics: bool) -> Response<Body> {
        if panics {
            std::thread::spawn(|| panic!("of a test")).join().unwrap_err();
        }
        let mut trailers = HeaderMap::new();
        trailers.insert("grpc-status", "0".parse().unwrap());
        let body = Full::new(tonic::codegen::Bytes::from("rows"));
        Response::new(Body::new(body.with_trailers(async { Some(Ok(trailers)) })))
    }

    #[tokio::test]
    async fn a_result_during_which_something_panicked_is_an_error() {
        let _one = panics::ONE_TEST.lock().await;
        panics::count_from_now_on();
        for (panics, status) in [(false, "0"), (true, "13"), (false, "0")] {
            let layer = OnRuntime { queries: Handle::current() };
            let mut service = layer.layer(service_fn(move |_: Request<Body>| {
                ready(Ok::<_, Infallible>(respond(panics)))
            }));
            let response = service.call(Request::new(Body::empty())).await.unwrap();
            let body = response.into_body().collect().await.unwrap();
            assert_eq!(body.trailers().expect("trailers")["grpc-status"], status);
        }
    }

    #[tokio::test]
    async fn a_call_that_panics_is_an_error() {
        let _one = panics::ONE_TEST.lock().await;
        let layer = OnRuntime { queries: Handle::current() };
        let service = service_fn(|_: Request<Body>| async {
            assert!(std::hint::black_box(false), "of a test");
            Ok::<_, Infallible>(respond(false))
        });
        let response = layer.layer(service).call(Request::new(Body::empty())).await.unwrap();
        assert_eq!(response.headers()["grpc-status"], "13");
    }
}
