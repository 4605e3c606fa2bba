// The routes of the app, relative to the page, so that it may be mounted under any path.

export class Gone extends Error {}

const WORDS = {
  401: "The app rejected this token.",
  404: "The app does not know this run.",
  409: "Another run is in progress.",
  429: "The app received too many requests.",
};

// The response of the app: its status, its JSON, and for a failure the error, in the form of all errors.
export async function ask(path, { method = "GET", token = null } = {}) {
  const headers = token === null ? {} : { Authorization: `Bearer ${token}` };
  let response;
  let body;
  try {
    response = await fetch(`api/${path}`, { method, headers, cache: "no-store", signal: AbortSignal.timeout(60_000) });
    body = await response.text();
  } catch {
    throw new Gone();
  }
  const { ok, status } = response;
  const json = parsed(body);
  const after = response.headers.get("Retry-After");
  const error = typeof json?.error === "string" ? json : {
    error: WORDS[status] ?? `The app responded with status ${status}.`,
    next: after ? `Try again in ${after} s.` : null,
  };
  return { ok: ok && json !== null, status, body: json, error: ok && json !== null ? null : error };
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
