// Starts Swagger UI on the contract that stands beside this page, under whatever stage it is.
window.ui = SwaggerUIBundle({
  dom_id: "#docs",
  url: "docs.json",
  deepLinking: true,
  displayRequestDuration: true,
  persistAuthorization: false,
  tryItOutEnabled: true,
});
