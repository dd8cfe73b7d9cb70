// Shows /openapi.json. A key that is entered stays in this page's memory: it is gone when the page is closed or loaded again.
"use strict";

SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#operations",
  deepLinking: true,
  docExpansion: "none",
  filter: true,
  tagsSorter: "alpha",
  persistAuthorization: false,
  requestSnippetsEnabled: true,
  tryItOutEnabled: true,
  // No description of this API leaves for somebody else's server.
  validatorUrl: null,
});
