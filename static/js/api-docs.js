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

/**
 * Redoc asks for its maker's logo at its maker's server: nothing here is loaded from elsewhere.
 * Such an image is told at once that it failed; Redoc then takes it out. React sets the address both ways.
 */
function withoutForeignImages() {
  const images = HTMLImageElement.prototype;
  const { setAttribute } = Element.prototype;
  const { set, ...address } = Object.getOwnPropertyDescriptor(images, "src");
  const ours = (image, value) => {
    const own = new URL(value, location.href).origin === location.origin || value.startsWith("data:");
    if (!own) queueMicrotask(() => image.dispatchEvent(new Event("error")));
    return own;
  };
  images.setAttribute = function setAny(name, value) {
    if (name !== "src" || ours(this, value)) setAttribute.call(this, name, value);
  };
  Object.defineProperty(images, "src", {
    ...address,
    set(value) {
      if (ours(this, value)) set.call(this, value);
    },
  });
}

if (redoc) {
  withoutForeignImages();
  window.Redoc.init(
    redoc.dataset.schema,
    { hideDownloadButton: true, nativeScrollbars: true, expandResponses: "200,201" },
    redoc,
  );
}
