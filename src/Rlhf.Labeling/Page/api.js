// One way to the server: JSON there and back, problem details as exceptions.

/** What the server refused, or `status` 0 where it could not be reached. */
export class ApiError extends Error {
  constructor(status, code, message, retryAfter) {
    super(message);
    this.status = status;
    this.code = code;
    this.retryAfter = retryAfter;
  }

  /** Whether the same request may succeed later, unchanged. */
  get isTransient() {
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500;
  }
}

async function send(method, path, body, options) {
  const headers = { accept: "application/json" };
  // A page of another origin cannot set this header without asking first, and the server never allows it.
  if (method !== "GET") headers["x-rlhf-labeling"] = "1";
  if (body !== undefined) headers["content-type"] = "application/json";
  let response;
  try {
    response = await fetch(path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: "same-origin",
      cache: "no-store",
      signal: AbortSignal.timeout(15000),
      ...options,
    });
  } catch {
    throw new ApiError(0, "unreachable", "The server cannot be reached.");
  }
  if (response.ok) return response;
  const problem = await response.json().catch(() => ({}));
  throw new ApiError(
    response.status,
    String(problem.type ?? "").split(":").pop(),
    problem.detail ?? problem.title ?? `The server answered ${response.status}.`,
    Number(response.headers.get("retry-after") ?? 0),
  );
}

async function json(method, path, body, options) {
  const response = await send(method, path, body, options);
  return response.status === 204 ? null : response.json();
}

export const get = (path) => json("GET", path);
export const post = (path, body = {}, options = undefined) => json("POST", path, body, options);
export const remove = (path, options = undefined) => json("DELETE", path, undefined, options);

/** Own answers older than one, or all of them: a page, newest first, and where the next begins. */
export const readHistory = (before) => get(`api/history?limit=20${before ? `&before=${before}` : ""}`);

/** The bytes of a clip. They never change, so the browser may keep them. */
export async function bytes(path) {
  const response = await send("GET", path, undefined, { cache: "force-cache" });
  try {
    return await response.arrayBuffer();
  } catch {
    throw new ApiError(0, "unreachable", "The connection was lost on the way.");
  }
}
