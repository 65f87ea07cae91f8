/** The two pages that show the schema of the API: Swagger UI and Redoc, both served by ourselves. */

const swagger = document.getElementById("swagger");
const redoc = document.getElementById("redoc");

/** Sign what is tried like the pages' own requests; a token that was entered goes beside it. */
function signed(request) {
  if (new URL(request.url, location.href).origin === location.origin && request.method !== "GET") {
    request.headers["X-CSRFToken"] = document.querySelector('meta[name="csrf-token"]').content;
  }
  return request;
}

if (swagger) {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const dress = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
  dark.addEventListener("change", dress);
  dress();
  window.SwaggerUIBundle({
    url: swagger.dataset.schema,
    domNode: swagger,
    deepLinking: true,
    docExpansion: "none",
    defaultModelsExpandDepth: 0,
    validatorUrl: null,
    persistAuthorization: false,
    requestInterceptor: signed,
  });
}

/** Redoc shows its maker's logo from its maker's server: nothing here is loaded from elsewhere. */
function withoutForeignImages() {
  const { setAttribute } = Element.prototype;
  HTMLImageElement.prototype.setAttribute = function set(name, value) {
    if (name !== "src" || new URL(value, location.href).origin === location.origin) setAttribute.call(this, name, value);
  };
}

if (redoc) {
  withoutForeignImages();
  window.Redoc.init(
    redoc.dataset.schema,
    { hideDownloadButton: true, nativeScrollbars: true, expandResponses: "200,201" },
    redoc,
  );
}
