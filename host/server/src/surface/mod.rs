//! A surface: the operations under one prefix, each with its method, path, access, handler and summary in one row.
//!
//! **Invariant: no operation is served without saying who may call it.** Everything that knows the operations of a surface (the
//! router, `/openapi.json`, the tests that walk through all of them) reads these rows.

mod access;
mod describe;
mod idempotency;
mod llms;
mod openapi;
mod preconditions;

pub use access::Access;
pub(crate) use describe::{Description, Input, Schemas};
pub(crate) use llms::{llms_full_text, llms_text};
pub(crate) use openapi::openapi_document;
pub(crate) use preconditions::IfMatch;

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::handler::Handler;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{MethodFilter, MethodRouter, on};
use describe::Described;
use http::{Method, StatusCode};

use self::preconditions::{Precondition, WriteTurns};

use crate::App;
use crate::envelope::Envelope;

/// Describes one row of a surface, but for its handler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// The HTTP method.
    pub method: Method,
    /// The whole path, with `{parameters}`.
    pub path: String,
    /// The callers who may use it.
    pub access: Access,
    /// One line on what it does, without a full stop.
    pub summary: &'static str,
    /// How it writes its refusals.
    pub envelope: Envelope,
    /// The noun that it is about.
    pub tag: &'static str,
    /// Whether a request that carries an `Idempotency-Key` is done once: a `POST` that creates something, unless its row says
    /// otherwise.
    pub takes_idempotency_key: bool,
    /// Whether its answer carries an `ETag`, and `If-None-Match` is looked at.
    pub has_etag: bool,
    /// Whether `If-Match` is looked at: it names the `ETag` of the `GET` of the same path.
    pub takes_if_match: bool,
    /// Whether its body or query names a thing, which may not be there.
    pub names_thing: bool,
    /// Whether it is about the session whose cookie the request carries, so that a key alone finds nothing.
    pub needs_session: bool,
}

impl Operation {
    /// Whether it is asked by what watches over the server: it is never counted or refused by the rate limit.
    pub(crate) fn is_probe(&self) -> bool {
        is_probe(&self.path)
    }
}

/// Whether a path is one that is asked by what watches over the server.
pub(crate) fn is_probe(path: &str) -> bool {
    matches!(path, "/healthz" | "/readyz")
}

/// The operations under one prefix.
pub(crate) struct Surface {
    prefix: &'static str,
    envelope: Envelope,
    tag: &'static str,
    rows: Vec<Row>,
}

struct Row {
    operation: Operation,
    example: Example,
    describe: fn(&mut Schemas) -> Description,
    route: MethodRouter<App>,
    /// Whether the handler works on the body as it comes.
    streams_body: bool,
}

/// How an operation is called, where its path alone does not say it. `$NAME` stands for what only the caller knows.
#[derive(Clone, Copy, Default)]
struct Example {
    /// What is behind the question mark.
    query: Option<&'static str>,
    /// A JSON body, or `$NAME` alone.
    body: Option<&'static str>,
}

/// Defines a function for each method: path, access, handler and summary are a row.
macro_rules! row_of {
    ($($(#[$meta:meta])* $name:ident $method:ident,)+) => {$(
        $(#[$meta])*
        pub(crate) fn $name<H, T: 'static, I, O>(
            self,
            path: &str,
            access: Access,
            handler: H,
            summary: &'static str,
        ) -> Self
        where
            H: Handler<T, App> + Described<I, O>,
        {
            let method = (Method::$method, MethodFilter::$method);
            self.row(method, path, access, handler, summary)
        }
    )+};
}

impl Surface {
    /// Makes a surface without operations. `prefix` starts with a slash and does not end in one; it may be empty.
    pub(crate) fn new(prefix: &'static str, envelope: Envelope) -> Self {
        Self {
            prefix,
            envelope,
            tag: "",
            rows: Vec::new(),
        }
    }

    /// Names the noun that the operations which follow are about.
    pub(crate) fn tag(self, tag: &'static str) -> Self {
        Self { tag, ..self }
    }

    row_of! {
        /// Adds a `GET`.
        get GET,
        /// Adds a `POST`.
        post POST,
        /// Adds a `PUT`.
        put PUT,
        /// Adds a `PATCH`.
        patch PATCH,
        /// Adds a `DELETE`.
        delete DELETE,
    }

    /// Gives the operation that was added last its own limit of a body, in bytes. Such a body is not kept in memory to be compared with
    /// an earlier one: it takes no `Idempotency-Key`.
    pub(crate) fn body_limit(mut self, bytes: usize) -> Self {
        if let Some(row) = self.rows.pop() {
            let route = row.route.layer(DefaultBodyLimit::max(bytes));
            self.rows.push(Row {
                route,
                streams_body: true,
                ..row
            });
        }
        self.without_idempotency_key()
    }

    /// Has every request of the operation that was added last done anew: what it answers is good for a moment only, or a
    /// secret that is shown once.
    pub(crate) fn without_idempotency_key(self) -> Self {
        self.last(|operation| operation.takes_idempotency_key = false)
    }

    /// Puts an `ETag` on what the operation that was added last answers, a `GET` of one thing.
    pub(crate) fn etag(self) -> Self {
        self.last(|operation| operation.has_etag = true)
    }

    /// Has the operation that was added last, a write, look at `If-Match`. The `GET` of its path has an [`etag`](Self::etag).
    pub(crate) fn if_match(self) -> Self {
        self.last(|operation| operation.takes_if_match = true)
    }

    /// Says that the operation that was added last names a thing in its body or query, and answers 404 where that is not there.
    pub(crate) fn names_thing(self) -> Self {
        self.last(|operation| operation.names_thing = true)
    }

    /// Says that the operation that was added last is about the session of the request's cookie.
    pub(crate) fn needs_session(self) -> Self {
        self.last(|operation| operation.needs_session = true)
    }

    fn last(mut self, change: impl FnOnce(&mut Operation)) -> Self {
        if let Some(row) = self.rows.last_mut() {
            change(&mut row.operation);
        }
        self
    }

    /// Gives the operation that was added last an example of its JSON body. `$AGENT_ID` and other `$NAME`s in it stand for what only
    /// the caller knows; in `/llms-full.txt` they are variables of the shell.
    pub(crate) fn example(mut self, body: &'static str) -> Self {
        if let Some(row) = self.rows.last_mut() {
            row.example.body = Some(body);
        }
        self
    }

    /// Gives the operation that was added last an example of its query, such as `agentId=$AGENT_ID`.
    pub(crate) fn example_query(mut self, query: &'static str) -> Self {
        if let Some(row) = self.rows.last_mut() {
            row.example.query = Some(query);
        }
        self
    }

    /// The prefix of its paths, and how they write their refusals.
    pub(crate) fn envelope(&self) -> (&'static str, Envelope) {
        (self.prefix, self.envelope)
    }

    /// The operations, in the order of the rows.
    pub(crate) fn into_operations(self) -> impl Iterator<Item = Operation> {
        self.rows.into_iter().map(|row| row.operation)
    }

    /// The routes of all operations. Access is checked before anything of a body is read.
    pub(crate) fn into_router(self, app: &App) -> Router<App> {
        let readers = self.readers(app);
        let turns = Arc::new(WriteTurns::default());
        self.rows.into_iter().fold(Router::new(), |router, row| {
            let Operation { path, access, .. } = &row.operation;
            let mut route = row.route;
            if row.operation.takes_idempotency_key {
                let once = from_fn_with_state(app.clone(), idempotency::answer_once);
                route = route.route_layer(once);
            }
            if row.operation.has_etag {
                route = route.route_layer(from_fn(preconditions::tag));
            }
            if let Some(reader) = readers.get(path).filter(|_| row.operation.takes_if_match) {
                let precondition = Precondition {
                    app: app.clone(),
                    streams_body: row.streams_body,
                    reader: reader.clone(),
                    turns: turns.clone(),
                };
                let check = from_fn_with_state(precondition, preconditions::require_match);
                route = route.route_layer(check);
            }
            if *access != Access::Public {
                route = route.route_layer(from_fn_with_state(*access, access::require));
            }
            router.route(path, route)
        })
    }

    /// What answers the `GET`s that have a tag, by path.
    fn readers(&self, app: &App) -> HashMap<String, MethodRouter> {
        let tagged = self.rows.iter().filter(|row| row.operation.has_etag);
        let readers = tagged.map(|row| {
            let route = row.route.clone().with_state(app.clone());
            (row.operation.path.clone(), route)
        });
        readers.collect()
    }

    fn row<H, T: 'static, I, O>(
        mut self,
        (method, filter): (Method, MethodFilter),
        path: &str,
        access: Access,
        handler: H,
        summary: &'static str,
    ) -> Self
    where
        H: Handler<T, App> + Described<I, O>,
    {
        let describe = <H as Described<I, O>>::describe;
        let creates = method == Method::POST
            && describe(&mut Schemas::new()).status == StatusCode::CREATED.as_u16();
        let operation = Operation {
            takes_idempotency_key: creates && access != Access::Public,
            has_etag: false,
            takes_if_match: false,
            names_thing: false,
            needs_session: false,
            method,
            path: format!("{}{path}", self.prefix),
            access,
            summary,
            envelope: self.envelope,
            tag: self.tag,
        };
        self.rows.push(Row {
            operation,
            example: Example::default(),
            describe,
            route: on(filter, handler),
            streams_body: false,
        });
        self
    }
}
