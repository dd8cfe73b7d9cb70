//! A surface: the operations under one prefix, each with its method, path, access, handler and summary in one row.
//!
//! **Invariant: no operation is served without saying who may call it.** Everything that knows the operations of a surface (the
//! router, the tests that walk through all of them) reads these rows.

mod access;

pub use access::Access;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::handler::Handler;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodFilter, MethodRouter, on};
use http::Method;

use crate::App;

/// What one row of a surface says, but for its handler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// The HTTP method.
    pub method: Method,
    /// The whole path, with `{parameters}`.
    pub path: String,
    /// Who may call it.
    pub access: Access,
    /// One line on what it does, without a full stop.
    pub summary: &'static str,
}

/// The operations under one prefix.
pub(crate) struct Surface {
    prefix: &'static str,
    rows: Vec<Row>,
}

struct Row {
    operation: Operation,
    route: MethodRouter<App>,
}

impl Surface {
    /// A surface without operations. `prefix` starts with a slash and does not end in one; it may be empty.
    pub(crate) fn new(prefix: &'static str) -> Self {
        Self {
            prefix,
            rows: Vec::new(),
        }
    }

    /// Adds a `GET`.
    pub(crate) fn get<H: Handler<T, App>, T: 'static>(
        self,
        path: &str,
        access: Access,
        handler: H,
        summary: &'static str,
    ) -> Self {
        let route = on(MethodFilter::GET, handler);
        self.row(Method::GET, path, access, route, summary)
    }

    /// Adds a `POST`.
    pub(crate) fn post<H: Handler<T, App>, T: 'static>(
        self,
        path: &str,
        access: Access,
        handler: H,
        summary: &'static str,
    ) -> Self {
        let route = on(MethodFilter::POST, handler);
        self.row(Method::POST, path, access, route, summary)
    }

    /// Adds a `PUT`.
    pub(crate) fn put<H: Handler<T, App>, T: 'static>(
        self,
        path: &str,
        access: Access,
        handler: H,
        summary: &'static str,
    ) -> Self {
        let route = on(MethodFilter::PUT, handler);
        self.row(Method::PUT, path, access, route, summary)
    }

    /// Adds a `PATCH`.
    pub(crate) fn patch<H: Handler<T, App>, T: 'static>(
        self,
        path: &str,
        access: Access,
        handler: H,
        summary: &'static str,
    ) -> Self {
        let route = on(MethodFilter::PATCH, handler);
        self.row(Method::PATCH, path, access, route, summary)
    }

    /// Adds a `DELETE`.
    pub(crate) fn delete<H: Handler<T, App>, T: 'static>(
        self,
        path: &str,
        access: Access,
        handler: H,
        summary: &'static str,
    ) -> Self {
        let route = on(MethodFilter::DELETE, handler);
        self.row(Method::DELETE, path, access, route, summary)
    }

    /// Gives the operation that was added last its own limit of a body, in bytes.
    pub(crate) fn body_limit(mut self, bytes: usize) -> Self {
        if let Some(row) = self.rows.pop() {
            let route = row.route.layer(DefaultBodyLimit::max(bytes));
            self.rows.push(Row { route, ..row });
        }
        self
    }

    /// The operations, in the order of the rows.
    pub(crate) fn into_operations(self) -> impl Iterator<Item = Operation> {
        self.rows.into_iter().map(|row| row.operation)
    }

    /// The routes of all operations. Access is checked before anything of a body is read.
    pub(crate) fn into_router(self) -> Router<App> {
        self.rows.into_iter().fold(Router::new(), |router, row| {
            let Operation { path, access, .. } = row.operation;
            let route = match access {
                Access::Public => row.route,
                _ => row
                    .route
                    .route_layer(from_fn_with_state(access, access::require)),
            };
            router.route(&path, route)
        })
    }

    fn row(
        mut self,
        method: Method,
        path: &str,
        access: Access,
        route: MethodRouter<App>,
        summary: &'static str,
    ) -> Self {
        let operation = Operation {
            method,
            path: format!("{}{path}", self.prefix),
            access,
            summary,
        };
        self.rows.push(Row { operation, route });
        self
    }
}
