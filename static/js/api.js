/** REST calls of the page: the signed-in session plus the CSRF header; errors with code and detail. */

const mark = document.querySelector('meta[name="csrf-token"]');

class ApiError extends Error {
  constructor(status, code, detail, more = {}) {
    super(detail || code);
    this.status = status;
    this.code = code;
    this.detail = detail;
    this.more = more; // what else the server said
  }
}

async function failure(response) {
  const body = await response.json().catch(() => ({}));
  const code = { 401: "signed_out", 404: "gone" }[response.status] ?? body.code ?? "unknown";
  if (response.status === 401) window.dispatchEvent(new Event("signed-out"));
  return new ApiError(response.status, code, body.detail ?? "", body);
}

async function request(url, options) {
  let response;
  try {
    response = await fetch(url, { credentials: "same-origin", ...options });
  } catch {
    throw new ApiError(0, "unreachable", "");
  }
  if (!response.ok) throw await failure(response);
  return response;
}

/** Take over the token of a sign-in that was renewed elsewhere; false while nobody is signed in. */
export async function renew() {
  const response = await fetch("/sessions/");
  if (response.redirected || !response.ok) return false;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  mark.content = page.querySelector('meta[name="csrf-token"]').content;
  return true;
}

/** GET JSON. */
export async function read(url) {
  const response = await request(url, { headers: { Accept: "application/json" } });
  return response.json();
}

/** Send JSON; return the answer's JSON, or null when it has none. */
export async function act(url, data = {}, method = "POST", options = {}) {
  const response = await request(url, {
    ...options,
    method,
    headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": mark.content },
    body: JSON.stringify(data),
  });
  return response.json().catch(() => null);
}

/** Send bytes; return the answer's JSON. */
export async function put(url, bytes, method = "PUT") {
  const headers = { "Content-Type": "application/octet-stream", "X-CSRFToken": mark.content };
  const response = await request(url, { method, headers, body: bytes });
  return response.json();
}

/** Send a form; return the file that comes back, with its name. */
export async function fetchFile(url, form) {
  const headers = { "X-CSRFToken": mark.content };
  const response = await request(url, { method: "POST", headers, body: form });
  const [, name = ""] = /filename="([^"]*)"/.exec(response.headers.get("Content-Disposition")) ?? [];
  return { blob: await response.blob(), name };
}
