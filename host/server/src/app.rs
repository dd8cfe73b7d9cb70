//! All that handlers share.

use std::ops::Deref;
use std::sync::Arc;

use skillgate_service::{ServiceConfig, Services};

use crate::config::ConnectionLimits;
use crate::limiter::Limiter;

/// What an [`App`] is built of.
pub struct AppConfig {
    /// What the services are built of.
    pub services: ServiceConfig,
    /// What callers' connections may hold, and for how long.
    pub connections: ConnectionLimits,
}

/// The services, and what only their HTTP surfaces need. Cheap to clone: all clones are one.
#[derive(Clone)]
pub struct App(Arc<Inner>);

struct Inner {
    services: Arc<Services>,
    connections: ConnectionLimits,
    limiter: Limiter,
}

impl App {
    /// Builds the services and starts what works in their background. Must be called within a tokio runtime.
    pub fn new(config: AppConfig) -> Self {
        Self(Arc::new(Inner {
            services: Services::start(config.services),
            connections: config.connections,
            limiter: Limiter::default(),
        }))
    }

    pub(crate) fn connections(&self) -> &ConnectionLimits {
        &self.0.connections
    }

    pub(crate) fn limiter(&self) -> &Limiter {
        &self.0.limiter
    }
}

impl Deref for App {
    type Target = Services;

    fn deref(&self) -> &Services {
        &self.0.services
    }
}
