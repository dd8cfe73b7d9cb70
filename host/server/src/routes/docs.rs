//! `GET /docs` and the files that its page is made of.

use std::str::FromStr;

use skillgate_service::ServiceError;

use crate::envelope::StaticFile;
use crate::extract::Id;

/// Lets the page load its own files and call this server, and nothing else: no inline script, no other origin, no frame around
/// it. Swagger UI sets styles on elements and has its icons in `data:` URLs.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const PAGE: StaticFile = StaticFile {
    media_type: "text/html; charset=utf-8",
    content_security_policy: PAGE_POLICY,
    bytes: include_bytes!("../../assets/docs/index.html"),
};

const SCRIPT: StaticFile = StaticFile {
    media_type: "text/javascript; charset=utf-8",
    content_security_policy: "default-src 'none'",
    bytes: include_bytes!("../../assets/docs/docs.js"),
};

const SWAGGER_UI_SCRIPT: StaticFile = StaticFile {
    bytes: include_bytes!("../../assets/docs/swagger-ui/swagger-ui-bundle.js"),
    ..SCRIPT
};

const SWAGGER_UI_STYLE: StaticFile = StaticFile {
    media_type: "text/css; charset=utf-8",
    bytes: include_bytes!("../../assets/docs/swagger-ui/swagger-ui.css"),
    ..SCRIPT
};

/// A file of the page.
pub(crate) struct DocsFile(&'static StaticFile);

impl FromStr for DocsFile {
    type Err = ServiceError;

    fn from_str(name: &str) -> Result<Self, ServiceError> {
        match name {
            "docs.js" => Ok(Self(&SCRIPT)),
            "swagger-ui-bundle.js" => Ok(Self(&SWAGGER_UI_SCRIPT)),
            "swagger-ui.css" => Ok(Self(&SWAGGER_UI_STYLE)),
            _ => Err(ServiceError::not_found("file")),
        }
    }
}

/// Gives the page that shows `/openapi.json` and lets one try the calls.
pub(crate) async fn page() -> &'static StaticFile {
    &PAGE
}

/// Gives a file that the page is made of.
pub(crate) async fn file(Id(DocsFile(file)): Id<DocsFile>) -> &'static StaticFile {
    file
}
