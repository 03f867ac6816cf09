// Starts Swagger UI on the contract that stands beside this page. The contract names no server: it
// is the one that served the page, under whatever stage that was.
const here = new URL(".", window.location.href).href.replace(/\/$/, "");
fetch("docs.json")
  .then((answer) => answer.json())
  .then((contract) => {
    window.ui = SwaggerUIBundle({
      dom_id: "#docs",
      spec: { ...contract, servers: [{ url: here }] },
      deepLinking: true,
      displayRequestDuration: true,
      persistAuthorization: false,
      tryItOutEnabled: true,
    });
  });
